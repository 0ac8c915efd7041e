/** Where the tree's own tools lie: `.banyan/venv` above this service, or BANYAN_VENV. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export const SERVICE = new URL("../../", import.meta.url).pathname;
export const ROOT = join(SERVICE, "../..");
const VENV = process.env["BANYAN_VENV"] ?? join(ROOT, ".banyan/venv");

export function tool(name: string): string {
  return existing(join(VENV, "bin", name));
}

/** A program of PostgreSQL, from the wheel. */
export function postgresTool(name: string): string {
  const library = join(VENV, "lib");
  const python = readdirSync(library).find((folder) => folder.startsWith("python")) ?? "";
  return existing(join(library, python, "site-packages/embedded_postgres/pginstall/bin", name));
}

function existing(path: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing: run ./banyan doctor`);
  return path;
}
