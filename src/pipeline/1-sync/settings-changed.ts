/** The connection's settings were changed while it was being read: what is read under the old ones is not wanted any more. */
export class SettingsChanged extends Error {
  override name = 'SettingsChanged';
  constructor() {
    super("the connection's settings were changed meanwhile: the sync begins anew");
  }
}
