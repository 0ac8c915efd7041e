import assert from "node:assert/strict";
import { test } from "node:test";
import { OrderConfirmedSchema } from "../../src/gen/banyan/order/v1/order_events_pb.js";
import { UserRegisteredSchema } from "../../src/gen/banyan/user/v1/user_events_pb.js";
import { eventually } from "../support/eventually.ts";
import { order, person, registered } from "../support/examples.ts";
import { createDatabase, Mesh, mailsTo, startService, testSettings } from "../support/harness.ts";

test("a confirmed order becomes one e-mail in the catcher with lines, prices and total", async () => {
  await using database = await createDatabase();
  await using mesh = await Mesh.fresh();
  await using _service = await startService(testSettings(database.url));
  const ada = person();
  await mesh.publish("user.registered", UserRegisteredSchema, registered(ada));
  const bought = order(ada.userId);
  await mesh.publish("order.confirmed", OrderConfirmedSchema, { order: bought });

  const mails = await eventually(async () => {
    const found = await mailsTo(ada.email);
    return found.length === 2 ? found : false;
  });
  const receipt = mails.find(({ subject }) => subject === `Your order ${bought.orderId} is confirmed`);
  assert.ok(receipt);
  assert.match(receipt.text, /2 x Oak table <XL> at €1,234\.50: €2,469\.00/);
  assert.match(receipt.text, /Total: €2,483\.89/);
  assert.match(receipt.html, /Oak table &lt;XL&gt;/);
  assert.match(receipt.message_id, /^<[0-9a-f-]{36}@banyan\.example>$/);
});
