/** The connection's settings were changed, or it was removed, while it was being read: what is read as before is not wanted any more. */
export class SettingsChanged extends Error {
  override name = 'SettingsChanged';
  constructor() {
    super(
      'the connection was removed meanwhile, or its settings were changed, with which the next sync begins anew',
    );
  }
}
