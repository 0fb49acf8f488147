/** The worker that lays graphs out: large, so it is started before what uses it has come. */

import address from "elkjs/lib/elk-worker.min.js?url";

let started: Worker | undefined;

export function worker(): Worker {
  started ??= new Worker(address);
  return started;
}
