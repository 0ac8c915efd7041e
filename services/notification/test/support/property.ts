/** fast-check with a fixed seed; TEST_SEED sets another. */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["TEST_SEED"] ?? 20_260_101) });

export { fc };
