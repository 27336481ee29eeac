"""Processes that take jobs."""

from orchestrator.ids import NodeName
from orchestrator.ports.work import Claimant

WORKER = Claimant(NodeName("north"), 1)
OTHER = Claimant(NodeName("south"), 1)
