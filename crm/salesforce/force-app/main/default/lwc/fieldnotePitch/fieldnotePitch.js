import { LightningElement, api } from 'lwc';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import { describeProblem, openInTab } from 'c/fieldnoteLink';
import getPitchLink from '@salesforce/apex/FieldnoteButton.getPitchLink';

/** The quick action "Pitch PDF": no window of its own; the pitch opens in a tab, or a link to it stays until it is closed. */
export default class FieldnotePitch extends LightningElement {
  @api recordId;
  isAsking = false;

  @api async invoke() {
    // The platform may call again while the first call waits.
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const { url } = JSON.parse(await getPitchLink({ recordId: this.recordId, template: null }));
      if (!openInTab(url))
        this.tell({
          title: 'The pitch is ready',
          message: 'Your browser held back the new tab: {0}. The link works once, within five minutes.',
          messageData: [{ url, label: 'open the pitch' }],
          variant: 'success',
        });
    } catch (problem) {
      this.tell({ title: 'No pitch', message: describeProblem(problem), variant: 'error' });
    } finally {
      this.isAsking = false;
    }
  }

  tell(toast) {
    this.dispatchEvent(new ShowToastEvent({ ...toast, mode: 'sticky' }));
  }
}
