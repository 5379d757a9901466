import { LightningElement, api } from 'lwc';
import { notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import LOCALE from '@salesforce/i18n/locale';
import { describeProblem, openInTab } from 'c/fieldnoteLink';
import getCard from '@salesforce/apex/FieldnoteButton.getCard';
import getPitchLink from '@salesforce/apex/FieldnoteButton.getPitchLink';
import scoreNow from '@salesforce/apex/FieldnoteButton.scoreNow';
import { describeCard } from './describeCard';

const LOOK_AFTER_MS = 2000;
const LONGEST_PAUSE_MS = 15000;
// After ten minutes the tab stops asking; the work itself goes on.
const MOST_LOOKS = 50;

/** What Fieldnote knows about the company of an account or lead. */
export default class FieldnoteCard extends LightningElement {
  card = null;
  problem = '';
  link = null;
  template = '';
  isAsking = false;
  hasGivenUp = false;
  looks = 0;
  timer = null;
  shownId;

  @api get recordId() {
    return this.shownId;
  }
  set recordId(id) {
    if (id === this.shownId) return;
    this.shownId = id;
    this.card = null;
    this.link = null;
    this.looks = 0;
    if (this.isConnected) void this.look();
  }

  connectedCallback() {
    if (this.shownId) void this.look();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  get view() {
    return describeCard(this.card, LOCALE);
  }
  get isLoading() {
    return this.card === null && this.problem === '';
  }
  get hasReasons() {
    return this.card.reasons.length > 0;
  }
  get hasPersonas() {
    return this.card.personas.length > 0;
  }
  get hasConflicts() {
    return this.card.conflicts.length > 0;
  }
  get cannotScore() {
    return this.isAsking || !this.view.canScore;
  }
  get cannotPitch() {
    return this.isAsking || !this.view.canPitch;
  }

  /** Asks for the card as it stands, and again while a score is being made. */
  async look() {
    const id = this.shownId;
    await this.ask(async () => this.show(id, JSON.parse(await getCard({ recordId: id }))));
  }

  async handleScore() {
    const id = this.shownId;
    this.looks = 0;
    await this.ask(async () => this.show(id, JSON.parse(await scoreNow({ recordId: id }))));
  }

  async handlePitch() {
    const id = this.shownId;
    await this.ask(async () => {
      const { url } = JSON.parse(await getPitchLink({ recordId: id, template: this.template || null }));
      if (id === this.shownId) this.link = openInTab(url) ? null : url;
    });
  }

  handleTemplate(event) {
    this.template = event.target.value;
  }

  /** It works once; a second click would only find that out. */
  handleLink() {
    this.link = null;
  }

  handleAgain() {
    this.looks = 0;
    void this.look();
  }

  show(id, card) {
    // The person may have gone on to another record meanwhile.
    if (id !== this.shownId) return;
    const wasAtWork = this.card !== null && this.card.work !== null;
    this.card = card;
    clearTimeout(this.timer);
    this.hasGivenUp = false;
    if (card.work !== null) this.lookAgain();
    else if (wasAtWork) void notifyRecordUpdateAvailable([{ recordId: id }]);
  }

  lookAgain() {
    this.hasGivenUp = this.looks >= MOST_LOOKS;
    if (this.hasGivenUp || !this.isConnected) return;
    this.looks += 1;
    const pause = Math.min(LONGEST_PAUSE_MS, LOOK_AFTER_MS * 1.2 ** this.looks);
    this.timer = setTimeout(() => void this.look(), pause);
  }

  async ask(act) {
    const id = this.shownId;
    this.isAsking = true;
    try {
      await act();
      this.problem = '';
    } catch (problem) {
      if (id === this.shownId) this.problem = describeProblem(problem);
    } finally {
      this.isAsking = false;
    }
  }
}
