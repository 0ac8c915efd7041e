/** The use case behind every event: decide by which channels a person hears of it, and record one delivery for each. */
import { ContactUnknownError } from "../domain/errors.ts";
import type { Contact, NewDelivery } from "../domain/notification.ts";
import type { Occasion } from "../domain/occasion.ts";
import { defaultPreferences, type Route, routesFor } from "../domain/preferences.ts";
import { type Clock, uuid7 } from "../platform/clock.ts";
import { currentTrace, formatTraceparent } from "../platform/trace-context.ts";
import type { Renderer, Work } from "./ports.ts";

export class Tell {
  readonly #renderer: Renderer;
  readonly #clock: Clock;
  readonly #onSuppressed: (route: Route) => void;

  constructor(renderer: Renderer, clock: Clock, onSuppressed: (route: Route) => void = () => undefined) {
    this.#renderer = renderer;
    this.#clock = clock;
    this.#onSuppressed = onSuppressed;
  }

  /** Rejects with ContactUnknownError when the person is not known yet; the event then comes again. */
  async person(work: Work, eventId: string, userId: string, occasion: Occasion): Promise<void> {
    const contact = await work.contact(userId);
    if (!contact) throw new ContactUnknownError();
    const preferences = (await work.preferences(userId)) ?? defaultPreferences(userId);
    const routes = routesFor(occasion.template, preferences, contact);
    await work.addDeliveries(routes.map((route) => this.#delivery(route, eventId, contact, occasion)));
    for (const route of routes) if (route.suppressed) this.#onSuppressed(route);
  }

  #delivery(route: Route, eventId: string, contact: Contact, occasion: Occasion): NewDelivery {
    const trace = currentTrace();
    const { title, text, html } = this.#renderer.render(route.channel, occasion, contact);
    return {
      id: uuid7(this.#clock),
      eventId,
      userId: contact.userId,
      channel: route.channel,
      template: occasion.template,
      orderId: occasion.orderId,
      createTime: this.#clock.now(),
      traceparent: trace ? formatTraceparent(trace) : "",
      title,
      // What is not sent needs no address and no content.
      ...(route.suppressed
        ? { state: "SUPPRESSED", recipient: "", text: "", html: "" }
        : { state: "PENDING", recipient: route.recipient, text, html }),
    };
  }
}
