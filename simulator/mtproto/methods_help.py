"""What the server says about itself."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telethon.tl.functions.help import GetConfigRequest, GetNearestDcRequest
from telethon.tl.types import Config, DcOption, NearestDc

from simulator.mtproto.call import Call
from simulator.mtproto.dispatch import Methods

VALID_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where this Telegram is found; there is one data centre."""

    dc_id: int
    host: str
    port: int


def help_methods(place: Place) -> Methods:
    """Return the handlers of `help.*` for a server at `place`."""
    methods = Methods()

    @methods.handles(GetConfigRequest)
    async def get_config(_call: Call, _request: GetConfigRequest) -> Config:
        return describe(place)

    @methods.handles(GetNearestDcRequest)
    async def get_nearest_dc(_call: Call, _request: GetNearestDcRequest) -> NearestDc:
        return NearestDc(country="RU", this_dc=place.dc_id, nearest_dc=place.dc_id)

    return methods


def describe(place: Place) -> Config:
    """Return the configuration with the limits of the real Telegram."""
    now = datetime.now(UTC)
    return Config(
        date=now,
        expires=now + VALID_FOR,
        test_mode=False,
        this_dc=place.dc_id,
        dc_options=[DcOption(id=place.dc_id, ip_address=place.host, port=place.port)],
        dc_txt_domain_name="localhost",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="http://localhost/",
        caption_length_max=1_024,
        message_length_max=4_096,
        webfile_dc_id=place.dc_id,
    )
