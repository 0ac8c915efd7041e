// Starts src/main.ts with Node's compile cache, which holds the stripped sources: with it, neither the type stripper (20 MB
// resident) nor the parser of the libraries is needed. `start.mjs warm` fills the cache and ends; the build does that.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL(".cache/", import.meta.url)));
const { main } = await import("./src/main.ts");
if (process.argv[2] !== "warm") await main();
