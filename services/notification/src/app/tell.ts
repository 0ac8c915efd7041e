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
  /** Told of each route once its delivery is committed. */
  readonly #onRouted: (route: Route) => void;

  constructor(renderer: Renderer, clock: Clock, onRouted: (route: Route) => void = () => undefined) {
    this.#renderer = renderer;
    this.#clock = clock;
    this.#onRouted = onRouted;
  }

  /**
   * Returns what is to happen after the commit. Rejects with ContactUnknownError when the person is not known yet; the event
   * then comes again.
   */
  async person(work: Work, eventId: string, userId: string, occasion: Occasion): Promise<() => void> {
    // Asked together, which is one round trip.
    const [contact, chosen] = await Promise.all([work.contact(userId), work.preferences(userId)]);
    if (!contact) throw new ContactUnknownError();
    const routes = routesFor(occasion.template, chosen ?? defaultPreferences(userId), contact);
    await work.addDeliveries(routes.map((route) => this.#delivery(route, eventId, contact, occasion)));
    return () => routes.forEach(this.#onRouted);
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
