/** What the API answers: kept by a test of the server, which fails when they are old. */

import type * as api from "../src/api/schema";
import configuration from "./answers/configuration.json";
import environments from "./answers/environments.json";
import failed from "./answers/failed.json";
import flows from "./answers/flows.json";
import held from "./answers/held.json";
import notes from "./answers/notes.json";
import back from "./answers/notes-back.json";
import product from "./answers/product.json";
import products from "./answers/products.json";
import releases from "./answers/releases.json";
import candidates from "./answers/trace-candidates.json";
import trace from "./answers/trace.json";
import waiting from "./answers/waiting.json";

// JSON knows no literal types: what is kept is checked against the API by the server's test.
export const answers = {
  back: back as unknown as api.NotesDocument,
  candidates: candidates as unknown as api.TraceDocument,
  configuration: configuration as unknown as api.ConfigurationDocument,
  environments: environments as unknown as api.ListingConfiguredEnvironment,
  failed: failed as unknown as api.ReleaseDocument,
  flows: flows as unknown as api.ListingFlowItem,
  held: held as unknown as api.ReleaseDocument,
  notes: notes as unknown as api.NotesDocument,
  product: product as unknown as api.ProductDocument,
  products: products as unknown as api.ListingProductItem,
  releases: releases as unknown as api.ListingReleaseItem,
  trace: trace as unknown as api.TraceDocument,
  waiting: waiting as unknown as api.ReleaseDocument,
};
