"""`banyan.user.v1.UserService`: maps, calls the use case, maps back."""

from __future__ import annotations

from banyan.user.v1 import user_service_pb2 as pb
from meshkit.clock import Clock, uuid7
from meshkit.context import CallContext
from meshkit.errors import key_reused
from meshkit.once import Once
from user.app import accounts as use
from user.app.ports import Accounts, AccountWriter, KeyPublisher, PasswordHasher
from user.app.register import ensure, register
from user.app.sessions import Sessions
from user.domain.user import Role, User, normalised_email, require_strong
from user.rpc import mapping

_SESSION_KEY = "banyan-session"


class UserServicer:
    """One method for each RPC of the contract."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        keys: KeyPublisher,
        hasher: PasswordHasher,
        once: Once[AccountWriter],
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._keys = keys
        self._hasher = hasher
        self._once = once
        self._clock = clock

    async def RegisterUser(
        self, request: pb.RegisterUserRequest, context: CallContext
    ) -> pb.RegisterUserResponse:
        """Makes an account, once for each request id."""
        email = normalised_email(request.email)
        require_strong(request.password, email)
        user = self._new_user(uuid7(), email, request.display_name, request.locale or "en", frozenset())
        password_hash = await self._hasher.hash(request.password)
        made = False

        async def effect(accounts: AccountWriter) -> pb.RegisterUserResponse:
            nonlocal made
            made = True
            return pb.RegisterUserResponse(
                user=mapping.user_message(await register(accounts, user, password_hash))
            )

        # The request's fast hash is kept for comparison, so the password must not be in it: the slow one tells for it.
        compared = pb.RegisterUserRequest()
        compared.CopyFrom(request)
        compared.password = ""
        response = await self._once(context, compared, pb.RegisterUserResponse, effect)
        if not made:
            await self._require_password_of(email, request.password)
        return response

    async def CreateSession(
        self, request: pb.CreateSessionRequest, _: CallContext
    ) -> pb.CreateSessionResponse:
        """Logs in."""
        return mapping.created_session(await self._sessions.log_in(request.email, request.password))

    async def RefreshSession(
        self, request: pb.RefreshSessionRequest, _: CallContext
    ) -> pb.RefreshSessionResponse:
        """Trades a refresh token for the next pair."""
        return mapping.refreshed_session(await self._sessions.refresh(request.refresh_token))

    async def DeleteCurrentSession(
        self, _: pb.DeleteCurrentSessionRequest, context: CallContext
    ) -> pb.DeleteCurrentSessionResponse:
        """Logs out."""
        session_id = context.metadata.get(_SESSION_KEY, "")
        if session_id:
            await self._sessions.log_out(context.identity.user_id or "", session_id)
        return pb.DeleteCurrentSessionResponse()

    async def GetMe(self, _: pb.GetMeRequest, context: CallContext) -> pb.GetMeResponse:
        """The caller's account."""
        user = await use.get_user(self._accounts, context.identity.user_id or "")
        return pb.GetMeResponse(user=mapping.user_message(user))

    async def UpdateMe(self, request: pb.UpdateMeRequest, context: CallContext) -> pb.UpdateMeResponse:
        """Changes the caller's name or locale, once for each request id."""

        async def effect(accounts: AccountWriter) -> pb.UpdateMeResponse:
            changes = mapping.changes(request.user, list(request.update_mask.paths))
            changed = await use.update_user(
                accounts, context.identity.user_id or "", changes, now=self._clock.now()
            )
            return pb.UpdateMeResponse(user=mapping.user_message(changed))

        return await self._once(context, request, pb.UpdateMeResponse, effect)

    async def SetUserRoles(
        self, request: pb.SetUserRolesRequest, context: CallContext
    ) -> pb.SetUserRolesResponse:
        """Gives an account exactly these roles, once for each request id."""

        async def effect(accounts: AccountWriter) -> pb.SetUserRolesResponse:
            roles = mapping.roles_of(list(request.roles))
            changed = await use.set_roles(accounts, request.user_id, roles, now=self._clock.now())
            return pb.SetUserRolesResponse(user=mapping.user_message(changed))

        return await self._once(context, request, pb.SetUserRolesResponse, effect)

    async def GetJwks(self, _: pb.GetJwksRequest, __: CallContext) -> pb.GetJwksResponse:
        """The public keys."""
        return pb.GetJwksResponse(keys=[pb.Jwk(**key) for key in self._keys.published()])

    async def RotateSigningKey(
        self, request: pb.RotateSigningKeyRequest, context: CallContext
    ) -> pb.RotateSigningKeyResponse:
        """A new signing key, once for each request id."""

        async def effect(accounts: AccountWriter) -> pb.RotateSigningKeyResponse:
            return pb.RotateSigningKeyResponse(kid=await self._keys.rotate(accounts))

        response = await self._once(context, request, pb.RotateSigningKeyResponse, effect)
        await self._keys.refresh()
        return response

    async def EnsureUser(self, request: pb.EnsureUserRequest, _: CallContext) -> pb.EnsureUserResponse:
        """Makes or updates an account."""
        email = normalised_email(request.email)
        wanted = self._new_user(
            request.user_id or uuid7(),
            email,
            request.display_name,
            "en",
            mapping.roles_of(list(request.roles)),
        )
        password_hash = await self._hasher.hash(request.password)
        async with self._accounts.transaction() as accounts:
            user, created = await ensure(accounts, wanted, password_hash, self._clock.now())
        return pb.EnsureUserResponse(user=mapping.user_message(user), created=created)

    async def _require_password_of(self, email: str, password: str) -> None:
        """Raises failed_precondition IDEMPOTENCY_KEY_REUSED unless it is the account's."""
        found = await self._accounts.credentials(email)
        if not await self._hasher.verify(found.password_hash if found else None, password):
            raise key_reused()

    def _new_user(self, user_id: str, email: str, name: str, locale: str, roles: frozenset[Role]) -> User:
        now = self._clock.now()
        return User(
            user_id=user_id,
            email=email,
            display_name=name,
            locale=locale,
            roles=roles | {Role.CUSTOMER},
            created_at=now,
            updated_at=now,
        )
