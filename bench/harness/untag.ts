import PDFDocument from 'pdfkit';

/** What of a structure element the printer uses. */
type Bare = { add(child: unknown): Bare; end(): void };

const bare = (): Bare => {
  const element: Bare = {
    add: (child) => {
      if (typeof child === 'function') child();
      return element;
    },
    end: () => undefined,
  };
  return element;
};

/** From now on documents of this process carry no structure: the same pages as the printer makes, without their tags. */
export function leaveOutTags(): void {
  Object.assign(PDFDocument.prototype, {
    struct: bare,
    addStructure: () => undefined,
    markContent: () => undefined,
    endMarkedContent: () => undefined,
  });
}
