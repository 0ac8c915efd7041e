/** Events as the other services publish them. */
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { newId } from "./harness.ts";

export interface Person {
  userId: string;
  email: string;
  displayName: string;
}

export function person(displayName = "Ada Lovelace"): Person {
  const userId = newId();
  return { userId, email: `ada-${userId}@example.test`, displayName };
}

export function registered({ userId, email, displayName }: Person, updateTime = new Date()) {
  const time = timestampFromDate(updateTime);
  return { user: { userId, email, displayName, locale: "en", roles: [1], createTime: time, updateTime: time } };
}

const eur = (minorUnits: bigint) => ({ minorUnits, currencyCode: "EUR" });

export function order(userId: string, orderId = newId()) {
  return {
    orderId,
    userId,
    lines: [
      { productId: newId(), name: "Oak table <XL>", quantity: 2, unitPrice: eur(123_450n), lineTotal: eur(246_900n) },
      { productId: newId(), name: "Moss & fern", quantity: 1, unitPrice: eur(999n), lineTotal: eur(999n) },
    ],
    subtotal: eur(247_899n),
    shippingPrice: eur(490n),
    total: eur(248_389n),
  };
}
