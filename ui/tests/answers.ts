/** What the API answers: kept by a test of the server, which fails when they are old. */

import type * as api from "../src/api/schema";
import configuration from "./answers/configuration.json";
import environments from "./answers/environments.json";
import failed from "./answers/failed.json";
import flows from "./answers/flows.json";
import held from "./answers/held.json";
import product from "./answers/product.json";
import products from "./answers/products.json";
import releases from "./answers/releases.json";
import waiting from "./answers/waiting.json";

// JSON knows no literal types: what is kept is checked against the API by the server's test.
export const answers = {
  configuration: configuration as unknown as api.ConfigurationDocument,
  environments: environments as unknown as api.ListingConfiguredEnvironment,
  failed: failed as unknown as api.ReleaseDocument,
  flows: flows as unknown as api.ListingFlowItem,
  held: held as unknown as api.ReleaseDocument,
  product: product as unknown as api.ProductDocument,
  products: products as unknown as api.ListingProductItem,
  releases: releases as unknown as api.ListingReleaseItem,
  waiting: waiting as unknown as api.ReleaseDocument,
};
