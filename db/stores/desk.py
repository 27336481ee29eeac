"""The desk's stores, put together."""

from sqlalchemy.ext.asyncio import AsyncEngine

from db.encryption import Cipher
from db.stores.desk_catalogue import PostgresCatalogue
from db.stores.desk_clients import PostgresClients
from db.stores.desk_clocks import PostgresClocks
from db.stores.desk_groups import PostgresGroups, PostgresInvites, PostgresPulse
from db.stores.desk_places import PostgresNotes, PostgresPlaces
from db.stores.desk_reports import PostgresReports
from db.stores.desk_staff import PostgresStaff
from db.stores.desk_surveys import PostgresSurveys
from db.stores.desk_talk import PostgresTalk
from db.stores.desk_technicians import PostgresTechnicians
from db.stores.desk_tickets import PostgresTickets
from support.ports.stores import DeskStores


def postgres_desk(engine: AsyncEngine, cipher: Cipher) -> DeskStores:
    """Put the desk's stores together; they share the engine and know nothing of each other."""
    return DeskStores(
        tickets=PostgresTickets(engine),
        places=PostgresPlaces(engine),
        notes=PostgresNotes(engine),
        talk=PostgresTalk(engine),
        surveys=PostgresSurveys(engine),
        clients=PostgresClients(engine, cipher),
        staff=PostgresStaff(engine),
        technicians=PostgresTechnicians(engine),
        catalogue=PostgresCatalogue(engine),
        clocks=PostgresClocks(engine),
        reports=PostgresReports(engine),
        groups=PostgresGroups(engine),
        invites=PostgresInvites(engine),
        pulse=PostgresPulse(engine),
    )
