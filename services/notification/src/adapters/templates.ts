/** Messages from Handlebars templates, compiled once at start: `src/templates/<locale>/<template>.{subject,text,html,short}.hbs`. */
import { readdirSync, readFileSync } from "node:fs";
import Handlebars from "handlebars";
import type { Renderer } from "../app/ports.ts";
import { formatMoney } from "../domain/money.ts";
import type { Channel, Contact } from "../domain/notification.ts";
import { type Occasion, TEMPLATES, type Template } from "../domain/occasion.ts";

const FOLDER = new URL("../templates/", import.meta.url);
const FALLBACK = "en";
const PARTS = ["subject", "text", "html", "short"] as const;
type Part = (typeof PARTS)[number];
type Compiled = Record<Part, (values: object) => string>;

/** Reads and compiles every template of every locale; throws when one is missing or does not compile. */
export function loadTemplates(folder: URL = FOLDER): Renderer {
  const locales = new Map<string, Map<Template, Compiled>>();
  for (const locale of readdirSync(folder)) locales.set(locale, compileLocale(new URL(`${locale}/`, folder)));
  return new HandlebarsRenderer(locales);
}

function compileLocale(folder: URL): Map<Template, Compiled> {
  const handlebars = Handlebars.create();
  const read = (name: string): string => readFileSync(new URL(`${name}.hbs`, folder), "utf8");
  handlebars.registerPartial("layout", read("layout.html"));
  const compile = (template: Template, part: Part) => {
    const options = { strict: true, noEscape: part !== "html", knownHelpersOnly: true };
    const render = handlebars.compile<object>(read(`${template}.${part}`), options);
    // Partials compile at first use: with a first rendering, a broken one shows at start.
    render(SAMPLE);
    return render;
  };
  return new Map(
    TEMPLATES.map((template) => {
      const [subject, text, html, short] = PARTS.map((part) => compile(template, part));
      return [template, { subject, text, html, short } as Compiled];
    }),
  );
}

const SAMPLE = {
  name: "",
  orderId: "",
  lines: [],
  subtotal: "",
  shippingPrice: "",
  total: "",
  reason: "",
  refunded: "",
  amount: "",
  trackingNumber: "",
  title: "",
};

class HandlebarsRenderer implements Renderer {
  readonly #locales: ReadonlyMap<string, ReadonlyMap<Template, Compiled>>;

  constructor(locales: ReadonlyMap<string, ReadonlyMap<Template, Compiled>>) {
    this.#locales = locales;
  }

  render(channel: Channel, occasion: Occasion, contact: Contact): { title: string; text: string; html: string } {
    const locale = this.#localeOf(contact.locale);
    const compiled = this.#locales.get(locale)?.get(occasion.template);
    if (!compiled) throw new TypeError(`no template ${occasion.template} in ${locale}`);
    const values = { ...SAMPLE, ...valuesOf(occasion, locale), name: contact.displayName, orderId: occasion.orderId };
    const title = oneLine(compiled.subject(values));
    if (channel !== "EMAIL") return { title, text: oneLine(compiled.short(values)), html: "" };
    return { title, text: compiled.text(values), html: compiled.html({ ...values, title }) };
  }

  /** `de-AT` → `de-AT`, else `de`, else English. */
  #localeOf(wanted: string): string {
    const language = wanted.split("-")[0] ?? FALLBACK;
    return [wanted, language].find((locale) => this.#locales.has(locale)) ?? FALLBACK;
  }
}

/** Header lines and SMS hold no line breaks, whatever a name contains. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function valuesOf(occasion: Occasion, locale: string): object {
  switch (occasion.template) {
    case "order_confirmed": {
      const { lines, subtotal, shippingPrice, total } = occasion.order;
      return {
        lines: lines.map((line) => ({
          name: line.name,
          quantity: line.quantity,
          unitPrice: formatMoney(line.unitPrice, locale),
          lineTotal: formatMoney(line.lineTotal, locale),
        })),
        subtotal: formatMoney(subtotal, locale),
        shippingPrice: formatMoney(shippingPrice, locale),
        total: formatMoney(total, locale),
      };
    }
    case "order_rejected":
      return { reason: occasion.reason };
    case "order_cancelled":
      return { refunded: occasion.refunded ? formatMoney(occasion.refunded, locale) : "" };
    case "payment_refunded":
      return { amount: formatMoney(occasion.amount, locale) };
    case "shipment_dispatched":
      return { trackingNumber: occasion.trackingNumber };
    case "welcome":
    case "shipment_delivered":
      return {};
  }
}
