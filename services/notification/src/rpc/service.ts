/** banyan.notification.v1.NotificationService over the use cases. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { listDeliveries } from "../app/list-deliveries.ts";
import type { Store } from "../app/ports.ts";
import { getPreferences } from "../app/preferences.ts";
import { choosePreferences } from "../domain/preferences.ts";
import { PreferencesSchema } from "../gen/banyan/notification/v1/notification_pb.js";
import {
  GetPreferencesResponseSchema,
  ListNotificationsResponseSchema,
  type NotificationService,
  type UpdatePreferencesRequest,
  UpdatePreferencesRequestSchema,
  type UpdatePreferencesResponse,
  UpdatePreferencesResponseSchema,
} from "../gen/banyan/notification/v1/notification_service_pb.js";
import type { Clock } from "../platform/clock.ts";
import { type CallContext, callerOf } from "../platform/context.ts";
import type { Servicer } from "../platform/grpc-server.ts";
import { REPLAYED_KEY, requestHash } from "../platform/idempotency.ts";
import { notificationMessage, preferencesInput, preferencesMessage } from "./mapping.ts";
import { readPageToken, writePageToken } from "./page-token.ts";

export function notificationServicer(store: Store, clock: Clock): Servicer<typeof NotificationService> {
  return {
    async listNotifications(request, { identity }) {
      const after = readPageToken(request.pageToken);
      const page = await listDeliveries(store, identity.userId, request.pageSize, after);
      const notifications = page.deliveries.map(notificationMessage);
      return create(ListNotificationsResponseSchema, { notifications, nextPageToken: writePageToken(page.next) });
    },

    async getPreferences(_request, { identity }) {
      const preferences = preferencesMessage(await getPreferences(store, identity.userId));
      return create(GetPreferencesResponseSchema, { preferences });
    },

    updatePreferences: (request, context) => updatePreferences(store, clock, request, context),
  };
}

async function updatePreferences(
  store: Store,
  clock: Clock,
  request: UpdatePreferencesRequest,
  context: CallContext,
): Promise<UpdatePreferencesResponse> {
  const input = preferencesInput(request.preferences ?? create(PreferencesSchema));
  const chosen = choosePreferences(context.identity.userId, input, clock.now());
  const response = create(UpdatePreferencesResponseSchema, { preferences: preferencesMessage(chosen) });
  if (!request.requestId) {
    await store.transaction((work) => work.savePreferences(chosen));
    return response;
  }
  const key = {
    caller: callerOf(context.identity),
    method: context.method,
    requestId: request.requestId,
    hash: requestHash(toBinary(UpdatePreferencesRequestSchema, request)),
  };
  const outcome = await store.transaction((work) =>
    work.idempotent(key, async () => {
      await work.savePreferences(chosen);
      return toBinary(UpdatePreferencesResponseSchema, response);
    }),
  );
  if (outcome.replayed) context.setInitialMetadata(REPLAYED_KEY, "true");
  return fromBinary(UpdatePreferencesResponseSchema, outcome.response);
}
