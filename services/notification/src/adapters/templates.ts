/** Messages from Handlebars templates, compiled once at start: `src/templates/<locale>/<template>.{subject,text,html,short}.hbs`. */
import { readdirSync, readFileSync } from "node:fs";
import Handlebars from "handlebars";
import type { Renderer } from "../app/ports.ts";
import { type Money, MoneyFormat } from "../domain/money.ts";
import type { Channel, Contact } from "../domain/notification.ts";
import { type Occasion, TEMPLATES, type Template } from "../domain/occasion.ts";

const FOLDER = new URL("../templates/", import.meta.url);
const FALLBACK = "en";
const PARTS = ["subject", "text", "html", "short"] as const;
type Part = (typeof PARTS)[number];
type Compiled = Record<Part, (values: object) => string>;

interface Locale {
  readonly templates: ReadonlyMap<Template, Compiled>;
  /** Rejection reason → what a person reads; "" for all others. */
  readonly reasons: Readonly<Record<string, string>>;
  readonly money: MoneyFormat;
}

/** Reads and compiles every template of every locale; throws when one is missing or does not compile. */
export function loadTemplates(folder: URL = FOLDER): Renderer {
  const locales = new Map<string, Locale>();
  for (const locale of readdirSync(folder)) locales.set(locale, compileLocale(folder, locale));
  return new HandlebarsRenderer(locales);
}

function compileLocale(root: URL, locale: string): Locale {
  const folder = new URL(`${locale}/`, root);
  const handlebars = Handlebars.create();
  const read = (name: string): string => readFileSync(new URL(`${name}.hbs`, folder), "utf8");
  // Compiled here, because Handlebars compiles a partial that is text again at each rendering.
  handlebars.registerPartial("layout", handlebars.compile(read("layout.html"), { strict: true }));
  const compile = (template: Template, part: Part) => {
    const options = { strict: true, noEscape: part !== "html", knownHelpersOnly: true };
    const render = handlebars.compile<object>(read(`${template}.${part}`), options);
    // A template is compiled at its first rendering: so a broken one shows at start.
    render(SAMPLE);
    return render;
  };
  const templates = new Map(
    TEMPLATES.map((template) => {
      const [subject, text, html, short] = PARTS.map((part) => compile(template, part));
      return [template, { subject, text, html, short } as Compiled] as const;
    }),
  );
  const reasons = JSON.parse(readFileSync(new URL("reasons.json", folder), "utf8")) as Record<string, string>;
  return { templates, reasons, money: new MoneyFormat(locale) };
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
  readonly #locales: ReadonlyMap<string, Locale>;

  constructor(locales: ReadonlyMap<string, Locale>) {
    this.#locales = locales;
  }

  render(channel: Channel, occasion: Occasion, contact: Contact): { title: string; text: string; html: string } {
    const locale = this.#localeOf(contact.locale);
    const compiled = locale.templates.get(occasion.template);
    if (!compiled) throw new TypeError(`no template ${occasion.template}`);
    const own = valuesOf(occasion, locale);
    const values = { ...SAMPLE, ...own, name: contact.displayName, orderId: occasion.orderId };
    const title = oneLine(compiled.subject(values));
    if (channel !== "EMAIL") return { title, text: oneLine(compiled.short(values)), html: "" };
    return { title, text: compiled.text(values), html: compiled.html({ ...values, title }) };
  }

  /** `de-AT` → `de-AT`, else `de`, else English. */
  #localeOf(wanted: string): Locale {
    const language = wanted.split("-")[0] ?? FALLBACK;
    const found = [wanted, language, FALLBACK].map((name) => this.#locales.get(name)).find(Boolean);
    if (!found) throw new TypeError(`no templates in ${FALLBACK}`);
    return found;
  }
}

/** Header lines and SMS hold no line breaks, whatever a name contains. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function valuesOf(occasion: Occasion, locale: Locale): object {
  const write = (money: Money): string => locale.money.write(money);
  switch (occasion.template) {
    case "order_confirmed": {
      const { lines, subtotal, shippingPrice, total } = occasion.order;
      return {
        lines: lines.map((line) => ({
          name: line.name,
          quantity: line.quantity,
          unitPrice: write(line.unitPrice),
          lineTotal: write(line.lineTotal),
        })),
        subtotal: write(subtotal),
        shippingPrice: write(shippingPrice),
        total: write(total),
      };
    }
    case "order_rejected":
      return { reason: locale.reasons[occasion.reason] ?? locale.reasons[""] };
    case "order_cancelled":
      return { refunded: occasion.refunded ? write(occasion.refunded) : "" };
    case "payment_refunded":
      return { amount: write(occasion.amount) };
    case "shipment_dispatched":
      return { trackingNumber: occasion.trackingNumber };
    case "welcome":
    case "shipment_delivered":
      return {};
  }
}
