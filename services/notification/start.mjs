// Starts src/main.ts with Node's compile cache, which holds the stripped sources: from the second start on neither the
// type stripper (20 MB resident) nor the parser of the libraries is needed.
import { enableCompileCache } from "node:module";

enableCompileCache(process.env.NOTIFICATION_COMPILE_CACHE ?? new URL(".cache/", import.meta.url).pathname);
await import("./src/main.ts");
