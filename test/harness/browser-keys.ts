import { z } from 'zod';
import type { CdpSession } from './cdp.ts';

/** What a screen reader is told of something that can be worked. */
export type Control = { role: string; name: string };

export type BrowserKeys = {
  /** Presses a key; whatever has the focus hears of it. */
  key(name: keyof typeof KEYS): Promise<void>;
  /** Types a text where the focus is. */
  write(text: string): Promise<void>;
  /** All that can be worked on the page, as a screen reader is told of it. */
  controls(): Promise<Control[]>;
};

const SHIFT = 8;
const CONTROL = 2;
const KEYS = {
  Tab: { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 },
  'Shift+Tab': { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9, modifiers: SHIFT },
  Enter: { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Space: { key: ' ', code: 'Space', windowsVirtualKeyCode: 32, text: ' ' },
  Down: { key: 'ArrowDown', code: 'ArrowDown', windowsVirtualKeyCode: 40 },
  End: { key: 'End', code: 'End', windowsVirtualKeyCode: 35 },
  'Control+A': {
    key: 'a',
    code: 'KeyA',
    windowsVirtualKeyCode: 65,
    modifiers: CONTROL,
    commands: ['selectAll'],
  },
} as const;

const Tree = z.object({
  nodes: z.array(
    z.object({
      ignored: z.boolean(),
      role: z.object({ value: z.string() }).optional(),
      name: z.object({ value: z.string() }).optional(),
      properties: z
        .array(z.object({ name: z.string(), value: z.object({ value: z.unknown().optional() }) }))
        .optional(),
    }),
  ),
});
// The page as a whole takes the focus, and so does what a message puts it on.
const NO_CONTROLS = new Set([
  'RootWebArea',
  'main',
  'status',
  'alert',
  // Of a list of choices, which is the control.
  'MenuListPopup',
  'MenuListOption',
  'option',
]);

/** Works a page as somebody does who has no mouse. */
export function workKeys(session: CdpSession): BrowserKeys {
  return {
    key: async (name) => {
      const down = 'text' in KEYS[name] ? 'keyDown' : 'rawKeyDown';
      for (const type of [down, 'keyUp'])
        await session.send('Input.dispatchKeyEvent', { type, ...KEYS[name] });
    },
    write: async (text) => {
      await session.send('Input.insertText', { text });
    },
    controls: async () => {
      const { nodes } = Tree.parse(await session.send('Accessibility.getFullAXTree'));
      return nodes
        .filter(
          ({ ignored, properties = [] }) =>
            !ignored && properties.some(({ name, value }) => name === 'focusable' && value.value === true),
        )
        .map(({ role, name }) => ({ role: role?.value ?? '', name: name?.value ?? '' }))
        .filter(({ role }) => !NO_CONTROLS.has(role));
    },
  };
}
