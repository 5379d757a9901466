/** Somebody whose address the provider vouches for. */
export type Person = {
  /** Lower case. */
  email: string;
  name: string;
};

/** What the browser that began a sign-in must bring back; none of it means anything to another one. */
export type SignInAttempt = { state: string; nonce: string; verifier: string };

/** Who says who somebody is. */
export type IdentityProvider = {
  /** As people know it, e.g. Google. */
  name: string;
  /**
   * Where to send a person who wants in, to come back to `callback`.
   * @throws ProviderError where the provider does not answer or is no OpenID provider
   */
  begin(callback: string): Promise<{ address: string; attempt: SignInAttempt }>;
  /**
   * The address that the provider sent somebody back to → who they are.
   * @throws ProviderError: `refused` where it says no, or nothing that counts here; `unavailable`; `malformed` where its proof does not hold;
   *   `unauthorized` where it does not know us
   */
  finish(cameBackTo: URL, attempt: SignInAttempt): Promise<Person>;
  /** Does the provider answer? @returns its issuer @throws ProviderError */
  check(): Promise<string>;
};
