// Of jsdom, and of the DOM, what the components' tests take. The whole of lib.dom would give Node's own fetch other types everywhere.
declare module 'jsdom' {
  export type PageEvent = { preventDefault(): void; detail?: unknown };
  export type PageElement = {
    textContent: string | null;
    value: string;
    shadowRoot: PageElement | null;
    append(element: PageElement): void;
    remove(): void;
    click(): void;
    querySelector(selector: string): PageElement | null;
    querySelectorAll(selector: string): Iterable<PageElement>;
    getAttribute(name: string): string | null;
    hasAttribute(name: string): boolean;
    addEventListener(name: string, listener: (event: PageEvent) => void): void;
    dispatchEvent(event: PageEvent): boolean;
  };
  export class JSDOM {
    constructor(markup: string, options: { url: string });
    window: {
      document: { body: PageElement };
      open: (url: string) => object | null;
      Event: new (name: string) => PageEvent;
    };
  }
}
