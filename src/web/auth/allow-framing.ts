import type { NextFunction, Request, Response } from 'express';
import { isPrivateBind } from '../guard.ts';

// Where records are shown: Lightning and the classic pages of every org, sandboxes included, and HubSpot in every region.
const CRMS = ['https://*.lightning.force.com', 'https://*.my.salesforce.com', 'https://*.hubspot.com'];
// The sandbox's CRMs are on this machine.
const HERE = ['http://127.0.0.1:*', 'http://localhost:*'];

/** Lets the two CRMs put what follows into a frame, and nobody else; every other page refuses all frames. */
export function allowFraming(bind: { host: string; publicUrl: string }) {
  const ancestors = [...CRMS, ...(isPrivateBind(bind) ? HERE : [])].join(' ');
  return (_request: Request, response: Response, next: NextFunction): void => {
    const policy = String(response.getHeader('content-security-policy'));
    response.set({
      'content-security-policy': policy.replace(/frame-ancestors [^;]*/, `frame-ancestors ${ancestors}`),
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex',
      // The address opens the page.
      'referrer-policy': 'no-referrer',
      // A frame that the CRM sandboxes has no origin, so that its own script's requests count as another site's.
      'access-control-allow-origin': '*',
    });
    // It knows of no list of sites.
    response.removeHeader('x-frame-options');
    next();
  };
}
