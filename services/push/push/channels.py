"""By which service a device is pushed to."""

from kit.config import ConfigError
from kit.observe import get_logger

from push.fcm import Fcm
from push.messages import Message, Withdrawal
from push.models import Device
from push.outcomes import Outcome
from push.settings import PushSettings
from push.web_push import WebPush, service_of

log = get_logger(__name__)


class Channels:
    """Those that the settings give what they need; which are off is said once.

    Raises:
        ConfigError: what they were given can't be used.
    """

    def __init__(self, settings: PushSettings) -> None:
        self._fcm = self._web_push = None
        if settings.is_on("fcm"):
            try:
                self._fcm = Fcm(
                    settings.FCM_CREDENTIALS,
                    settings.FCM_URL,
                    settings.PUSH_ANSWER_SECONDS,
                    settings.PUSH_AT_ONCE,
                )
            except Exception as problem:
                raise ConfigError(f"FCM_CREDENTIALS can't be used: {problem}") from problem
        else:
            log.warning("push_is_off", channel="fcm", because="FCM_CREDENTIALS names no file")
        if settings.is_on("web_push"):
            try:
                self._web_push = WebPush(settings)
            except ValueError as problem:
                raise ConfigError(f"VAPID_PRIVATE_KEY can't be used: {problem}") from problem
        else:
            log.warning("push_is_off", channel="web_push", because="VAPID_PRIVATE_KEY is not set")

    def service_of(self, device: Device) -> str:
        """Who is slowed together."""
        return "fcm" if device.channel == "fcm" else service_of(device.address)

    def send(self, device: Device, message: Message | Withdrawal, ttl: int) -> Outcome:
        """Sends to a device whose channel is on."""
        if device.channel == "fcm":
            assert self._fcm is not None
            return self._fcm.send(device.platform, device.address, message, ttl)
        assert self._web_push is not None
        assert isinstance(message, Message)  # a browser takes nothing away but when it shows something
        return self._web_push.send(device.address, device.keys or {}, message, ttl)
