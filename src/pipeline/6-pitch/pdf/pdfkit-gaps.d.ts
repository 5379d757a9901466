import type { Font } from 'fontkit';

/** What pdfkit 0.20 takes and its published types (0.17) do not know yet. */
declare global {
  namespace PDFKit {
    interface PDFDocument {
      // oxlint-disable-next-line typescript/no-misused-new -- the published types describe the class by an interface
      new (options: Omit<PDFDocumentOptions, 'subset'> & { subset: 'PDF/UA' }): PDFDocument;
    }
    interface PDFOutline {
      addItem(
        title: string,
        options: { pageNumber: number; top: number; left: number; expanded?: boolean },
      ): PDFOutline;
    }
    namespace Mixins {
      interface PDFFont {
        /** A font that is parsed already is shared by all documents. */
        registerFont(name: string, font: Font): this;
      }
      interface AnnotationOption {
        structParent?: PDFStructureElement;
      }
      interface StructureElementOptions {
        /** Left, top, right and bottom on the page. */
        bbox?: [number, number, number, number];
      }
    }
  }
}
