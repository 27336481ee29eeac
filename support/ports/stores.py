"""The desk's stores in one hand."""

from dataclasses import dataclass

from support.ports.catalogue import CatalogueStore
from support.ports.clocks import ClockStore
from support.ports.groups import GroupStore, InviteStore, PulseStore
from support.ports.people import ClientStore, StaffStore, TechnicianStore
from support.ports.reports import ReportStore
from support.ports.talk import SurveyStore, TalkStore
from support.ports.tickets import NoteStore, PlaceStore, TicketStore


@dataclass(frozen=True, slots=True)
class DeskStores:
    """What the desk keeps, by what it is about."""

    tickets: TicketStore
    places: PlaceStore
    notes: NoteStore
    talk: TalkStore
    surveys: SurveyStore
    clients: ClientStore
    staff: StaffStore
    technicians: TechnicianStore
    catalogue: CatalogueStore
    clocks: ClockStore
    reports: ReportStore
    groups: GroupStore
    invites: InviteStore
    pulse: PulseStore
