/** What every store must do. Each adapter runs all of it. */
import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import type { Store } from "../../src/app/ports.ts";
import type { Claim, Result } from "../../src/domain/notification.ts";
import type { OutboxEvent } from "../../src/platform/outbox.ts";
import { FakeClock, newDelivery, nextId } from "../support/fakes.ts";

export interface StoreFixture {
  readonly store: Store;
  /** What the outbox holds, in order. */
  announced(): Promise<Pick<OutboxEvent, "subject" | "entityId">[]>;
}

export interface StoreFactory {
  readonly name: string;
  open(): Promise<void>;
  /** An empty store on this clock. */
  create(clock: FakeClock): Promise<StoreFixture>;
  close(): Promise<void>;
}

const LEASE_MS = 1000;
const key = (requestId: string, hash = "a") => ({ caller: "u", method: "/m", requestId, hash: Buffer.from(hash) });
const SENT: Result = { state: "SENT" };
const retry = (delayMs: number) => ({ state: "PENDING", reason: "TIMEOUT", delayMs, tried: true }) as const;
const bytes = (text: string) => new TextEncoder().encode(text);

export function storeContract(factory: StoreFactory): void {
  suite(`store contract: ${factory.name}`, () => {
    let clock: FakeClock;
    let fixture: StoreFixture;
    let store: Store;
    before(() => factory.open());
    after(() => factory.close());
    beforeEach(async () => {
      clock = new FakeClock();
      fixture = await factory.create(clock);
      store = fixture.store;
    });

    const add = async (...deliveries: ReturnType<typeof newDelivery>[]) =>
      await store.transaction((work) => work.addDeliveries(deliveries));
    const claimOne = async (): Promise<Claim> => {
      const [claim] = await store.claim("EMAIL", 1, LEASE_MS, true);
      assert.ok(claim);
      return claim;
    };
    const tryOf = (claim: Claim, result: Result) => ({ claim, result, traceparent: "" });
    /** Whether the claim was still held. */
    const record = async (claim: Claim, result: Result) =>
      (await store.record([tryOf(claim, result)])).has(claim.delivery.id);
    const onlyOne = async () => {
      const [delivery] = await store.deliveriesOf("user-1", undefined, 10);
      assert.ok(delivery);
      return delivery;
    };

    test("a contact is kept, and an older event does not overwrite a newer one", async () => {
      const contact = { userId: "u", email: "a@x.test", displayName: "A", locale: "en", updateTime: clock.now() };
      await store.transaction((work) => work.saveContact(contact));
      const older = { ...contact, email: "old@x.test", updateTime: new Date(contact.updateTime.getTime() - 1) };
      await store.transaction((work) => work.saveContact(older));
      assert.deepEqual(await store.transaction((work) => work.contact("u")), contact);
      const newer = { ...contact, email: "new@x.test", updateTime: new Date(contact.updateTime.getTime() + 1) };
      await store.transaction((work) => work.saveContact(newer));
      assert.deepEqual(await store.transaction((work) => work.contact("u")), newer);
      assert.equal(await store.transaction((work) => work.contact("nobody")), undefined);
    });

    test("preferences are replaced as a whole", async () => {
      const first = {
        userId: "u",
        channels: ["EMAIL", "SMS"] as const,
        phoneNumber: "+4930123456",
        pushToken: "",
        mutedTemplates: ["welcome"] as const,
        updateTime: clock.now(),
      };
      assert.equal(await store.preferences("u"), undefined);
      await store.transaction((work) => work.savePreferences(first));
      assert.deepEqual(await store.preferences("u"), first);
      const second = { ...first, channels: [], phoneNumber: "", mutedTemplates: [] };
      await store.transaction((work) => work.savePreferences(second));
      assert.deepEqual(await store.transaction((work) => work.preferences("u")), second);
    });

    test("a transaction that rejects leaves nothing behind", async () => {
      const failing = store.transaction(async (work) => {
        await work.addDeliveries([newDelivery(clock)]);
        throw new Error("no");
      });
      await assert.rejects(failing, /no/);
      assert.deepEqual(await store.deliveriesOf("user-1", undefined, 10), []);
    });

    test("an event counts once for each channel", async () => {
      const eventId = nextId();
      const mail = newDelivery(clock, { eventId });
      assert.deepEqual(await add(mail), [mail.id]);
      const sms = newDelivery(clock, { eventId, channel: "SMS", html: "" });
      assert.deepEqual(await add(newDelivery(clock, { eventId }), sms), [sms.id]);
      assert.equal((await store.deliveriesOf("user-1", undefined, 10)).length, 2);
    });

    test("deliveries are listed newest first, by keyset, and only the person's own", async () => {
      const mine = Array.from({ length: 5 }, () => newDelivery(clock));
      await add(...mine, newDelivery(clock, { userId: "user-2" }));
      const expected = mine.map(({ id }) => id).reverse();
      const page = await store.deliveriesOf("user-1", undefined, 3);
      assert.deepEqual(
        page.map(({ id }) => id),
        expected.slice(0, 3),
      );
      const rest = await store.deliveriesOf("user-1", page.at(-1)?.id, 3);
      assert.deepEqual(
        rest.map(({ id }) => id),
        expected.slice(3),
      );
    });

    test("a claim gives content and marks SENDING; it is taken once, and only when due and of the channel", async () => {
      const due = newDelivery(clock);
      const later = newDelivery(clock, { createTime: new Date(clock.now().getTime() + 1) });
      await add(due, later, newDelivery(clock, { channel: "SMS" }), newDelivery(clock, { state: "SUPPRESSED" }));
      const [claim, ...none] = await store.claim("EMAIL", 10, LEASE_MS, true);
      assert.ok(claim);
      assert.deepEqual(none, []);
      assert.equal(claim.delivery.id, due.id);
      assert.equal(claim.delivery.state, "SENDING");
      assert.equal(claim.delivery.attemptCount, 1);
      assert.deepEqual(
        [claim.recipient, claim.title, claim.text, claim.html],
        [due.recipient, due.title, due.text, due.html],
      );
      assert.equal(claim.resumed, false);
      assert.deepEqual(await store.claim("EMAIL", 10, LEASE_MS, true), []);
    });

    test("a claim takes the oldest first and no more than asked", async () => {
      const young = newDelivery(clock);
      const old = newDelivery(clock, { createTime: new Date(clock.now().getTime() - 5) });
      await add(young, old);
      assert.deepEqual(
        (await store.claim("EMAIL", 1, LEASE_MS, true)).map(({ delivery }) => delivery.id),
        [old.id],
      );
    });

    test("claimers at once never get the same delivery", async () => {
      await add(...Array.from({ length: 20 }, () => newDelivery(clock)));
      const claims = await Promise.all(Array.from({ length: 8 }, () => store.claim("EMAIL", 4, LEASE_MS, true)));
      const ids = claims.flat().map(({ delivery }) => delivery.id);
      assert.equal(new Set(ids).size, ids.length);
      let rest = await store.claim("EMAIL", 20, LEASE_MS, true);
      rest = [...claims.flat(), ...rest];
      assert.equal(rest.length, 20);
    });

    test("sent: the state, the time and the event are written, and the content is gone", async () => {
      await add(newDelivery(clock));
      const claim = await claimOne();
      clock.advance(10);
      assert.equal(await record(claim, SENT), true);
      const delivery = await onlyOne();
      assert.equal(delivery.state, "SENT");
      assert.deepEqual(delivery.sendTime, clock.now());
      assert.deepEqual(await fixture.announced(), [{ subject: "notification.sent", entityId: delivery.id }]);
      assert.equal(await store.pendingCount(), 0);
    });

    test("failed: the state and the event are written", async () => {
      await add(newDelivery(clock));
      assert.equal(await record(await claimOne(), { state: "FAILED", reason: "RECIPIENT_REFUSED" }), true);
      const delivery = await onlyOne();
      assert.equal(delivery.state, "FAILED");
      assert.deepEqual(await fixture.announced(), [{ subject: "notification.failed", entityId: delivery.id }]);
    });

    test("a retry is due after its rest, with its try counted or given back", async () => {
      await add(newDelivery(clock));
      assert.equal(await record(await claimOne(), retry(500)), true);
      assert.equal((await onlyOne()).state, "PENDING");
      assert.deepEqual(await store.claim("EMAIL", 1, LEASE_MS, true), []);
      clock.advance(500);
      const second = await claimOne();
      assert.equal(second.delivery.attemptCount, 2);
      assert.equal(second.resumed, false);
      await record(second, { ...retry(0), tried: false });
      assert.equal((await onlyOne()).attemptCount, 1);
      assert.deepEqual(await fixture.announced(), []);
    });

    test("what was tried before is left where it is while nothing may be repeated", async () => {
      await add(newDelivery(clock));
      await record(await claimOne(), retry(0));
      await add(newDelivery(clock));
      clock.advance(1);
      const fresh = await store.claim("EMAIL", 2, LEASE_MS, false);
      assert.deepEqual(
        fresh.map(({ delivery }) => delivery.attemptCount),
        [1],
      );
      clock.advance(LEASE_MS);
      assert.deepEqual(await store.claim("EMAIL", 2, LEASE_MS, false), [], "nor what a dead sender may have sent");
      assert.equal((await store.claim("EMAIL", 2, LEASE_MS, true)).length, 2);
    });

    test("when a lease ends, another may take over, and the first can change nothing any more", async () => {
      await add(newDelivery(clock));
      const first = await claimOne();
      clock.advance(LEASE_MS);
      const second = await claimOne();
      assert.equal(second.resumed, true);
      assert.equal(second.delivery.id, first.delivery.id);
      assert.equal(second.delivery.attemptCount, 2);
      assert.equal(await record(first, SENT), false);
      assert.equal(await record(first, { state: "FAILED", reason: "X" }), false);
      assert.equal(await record(first, retry(0)), false);
      assert.equal(await record(second, SENT), true);
      assert.equal(await record(second, SENT), false);
      assert.equal((await fixture.announced()).length, 1);
    });

    test("tries that end together are recorded together, each with its own result, a lost claim among them left alone", async () => {
      const deliveries = Array.from({ length: 4 }, () => newDelivery(clock));
      await add(...deliveries);
      const [lost] = await store.claim("EMAIL", 1, LEASE_MS, true);
      assert.ok(lost);
      clock.advance(LEASE_MS);
      const claims = await store.claim("EMAIL", 4, LEASE_MS, true);
      const own = (id: string | undefined) => claims.find(({ delivery }) => delivery.id === id) as Claim;
      const [sent, failed, later] = deliveries.filter(({ id }) => id !== lost.delivery.id).map(({ id }) => own(id));
      assert.ok(sent && failed && later);
      const held = await store.record([
        tryOf(sent, SENT),
        tryOf(failed, { state: "FAILED", reason: "X" }),
        tryOf(later, retry(500)),
        tryOf(lost, SENT),
      ]);
      assert.deepEqual([...held].sort(), [sent, failed, later].map(({ delivery }) => delivery.id).sort());
      const states = new Map((await store.deliveriesOf("user-1", undefined, 9)).map((one) => [one.id, one.state]));
      assert.deepEqual(
        [sent, failed, later, lost].map(({ delivery }) => states.get(delivery.id)),
        ["SENT", "FAILED", "PENDING", "SENDING"],
      );
      assert.deepEqual((await fixture.announced()).map(({ subject, entityId }) => [subject, entityId]).sort(), [
        ["notification.failed", failed.delivery.id],
        ["notification.sent", sent.delivery.id],
      ]);
    });

    test("what is asked at once in one transaction is answered to each on its own", async () => {
      const people = ["u-1", "u-2", "u-3"].map((userId) => ({
        ...{ userId, email: `${userId}@x.test`, displayName: userId, locale: "en", updateTime: clock.now() },
      }));
      const found = await store.transaction(async (work) => {
        await Promise.all(people.map((one) => work.saveContact(one)));
        return await Promise.all(["u-2", "nobody", "u-1", "u-2"].map((userId) => work.contact(userId)));
      });
      assert.deepEqual(
        found.map((one) => one?.email),
        ["u-2@x.test", undefined, "u-1@x.test", "u-2@x.test"],
      );
      const known = newDelivery(clock);
      await add(known);
      const [fresh, sms] = [newDelivery(clock), newDelivery(clock, { channel: "SMS", html: "" })];
      const again = newDelivery(clock, { eventId: known.eventId });
      const added = await store.transaction((work) =>
        Promise.all([[again], [fresh, sms], []].map((list) => work.addDeliveries(list))),
      );
      assert.deepEqual(added, [[], [fresh.id, sms.id], []]);
    });

    test("what is neither sent nor given up is pending", async () => {
      await add(newDelivery(clock), newDelivery(clock), newDelivery(clock, { state: "SUPPRESSED" }));
      await claimOne();
      assert.equal(await store.pendingCount(), 2);
    });

    test("the same request gets the first answer again, without a second effect", async () => {
      let effects = 0;
      const once = () =>
        store.transaction((work) =>
          work.idempotent(key("r-1"), async () => {
            effects += 1;
            return bytes(`answer ${effects}`);
          }),
        );
      const first = await once();
      const second = await once();
      assert.deepEqual([first.replayed, second.replayed], [false, true]);
      assert.equal(Buffer.from(second.response).toString(), "answer 1");
      assert.equal(effects, 1);
    });

    test("another request under a used key is refused; a failed one leaves the key free", async () => {
      const run = (hash: string, effect: () => Promise<Uint8Array>) =>
        store.transaction((work) => work.idempotent(key("r-2", hash), effect));
      await assert.rejects(
        run("a", () => Promise.reject(new Error("no"))),
        /no/,
      );
      assert.equal((await run("b", async () => bytes("b"))).replayed, false);
      await assert.rejects(
        run("a", async () => bytes("a")),
        { reason: "IDEMPOTENCY_KEY_REUSED" },
      );
    });

    test("requests at once under one key have one effect", async () => {
      let effects = 0;
      const effect = async () => {
        effects += 1;
        return bytes("x");
      };
      const runs = Array.from({ length: 6 }, () => store.transaction((work) => work.idempotent(key("r-3"), effect)));
      const results = await Promise.allSettled(runs);
      assert.equal(effects, 1);
      for (const result of results) {
        if (result.status === "rejected") assert.equal(result.reason.reason, "REQUEST_IN_PROGRESS");
      }
    });
  });
}
