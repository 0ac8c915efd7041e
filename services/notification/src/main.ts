/** The process: signals and the exit code, nothing else. */
import { build } from "./bootstrap.ts";
import { describeSettings, loadSettings } from "./config.ts";
import { start } from "./platform/lifecycle.ts";
import { SettingsError } from "./platform/settings.ts";

/** Runs until SIGTERM or SIGINT, then leaves with 0; with 2 and a report when settings are wrong, with 1 after a fault. */
export async function main(): Promise<never> {
  try {
    await serve();
    process.exit(0);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(error.message);
    process.exit(2);
  }
}

async function serve(): Promise<void> {
  const settings = loadSettings(process.env);
  const app = await build(settings);
  const fault = (error: unknown): never => {
    app.logger.fatal({ error }, "unhandled error");
    process.exit(1);
  };
  process.on("uncaughtException", fault);
  process.on("unhandledRejection", fault);
  app.logger.info({ settings: describeSettings(settings) }, "settings");
  const signals = ["SIGTERM", "SIGINT"].map((name) => new Promise((resolve) => process.once(name, resolve)));
  const running = await start(app);
  await Promise.race(signals);
  await running.stop();
}

if (import.meta.main) await main();
