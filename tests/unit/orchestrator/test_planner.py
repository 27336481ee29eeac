"""How accounts are spread over nodes."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ids import NodeName
from orchestrator.leases.planner import AT_LEAST, few, plan, target_shares

NODES = st.sampled_from([NodeName(name) for name in "abcdef"])
SHARES = st.dictionaries(NODES, st.integers(0, 500), min_size=1, max_size=6)


@given(SHARES, st.integers(0, 500))
def test_targets_give_out_every_account_and_differ_by_one_at_most(
    shares: dict[NodeName, int], free: int
) -> None:
    accounts = sum(shares.values()) + free
    targets = target_shares(shares, accounts)
    assert sum(targets.values()) == accounts
    assert max(targets.values()) - min(targets.values()) <= 1


def act(
    node: NodeName, shares: dict[NodeName, int], free: int, draining: frozenset[NodeName]
) -> tuple[int, int]:
    """Let one node do what it plans; returns what is free then, and how many it gave."""
    mine = plan(node, shares, free, draining)
    assert 0 <= mine.take <= free
    assert 0 <= mine.give <= shares[node]
    assert not (mine.take and mine.give)
    shares[node] += mine.take - mine.give
    return free - mine.take + mine.give, mine.give


@given(SHARES, st.integers(0, 200), st.frozensets(NODES), st.data())
def test_in_whatever_order_nodes_act_the_shares_become_even_with_no_move_too_many(
    shares: dict[NodeName, int], free: int, draining: frozenset[NodeName], data: st.DataObject
) -> None:
    staying = {node: held for node, held in shares.items() if node not in draining}
    leaving = sum(held for node, held in shares.items() if node in draining)
    if not staying:
        return
    accounts = sum(shares.values()) + free
    targets = target_shares(staying, accounts)
    needed = leaving + sum(max(0, held - targets[node]) for node, held in staying.items())
    given_up = 0
    for _ in range(60):
        for node in data.draw(st.permutations(sorted(shares))):
            free, gave = act(node, shares, free, draining)
            given_up += gave
    ends = [shares[node] for node in staying]
    assert (free, sum(ends)) == (0, accounts)
    assert max(ends) - min(ends) <= 1
    assert given_up == needed
    for node in shares:
        assert act(node, shares, 0, draining) == (0, 0)


@given(st.integers(0, 100_000))
def test_only_a_tenth_moves_at_a_time(own: int) -> None:
    assert few(own) == max(AT_LEAST, own // 10)


def test_what_cannot_be_divided_stays_where_it_is() -> None:
    a, b, c = (NodeName(name) for name in "abc")
    assert plan(b, {a: 1, b: 2, c: 1}, 0).give == 0
    assert plan(c, {a: 1, b: 1, c: 2}, 0).give == 0


def test_a_new_node_is_given_its_share_a_few_at_a_time() -> None:
    a, b = NodeName("a"), NodeName("b")
    assert plan(a, {a: 60, b: 0}, 0).give == 6
    assert plan(b, {a: 54, b: 0}, 6).take == 6


def test_a_draining_node_gives_everything_at_once_and_takes_nothing() -> None:
    a, b = NodeName("a"), NodeName("b")
    assert plan(a, {a: 60, b: 0}, 5, {a}) == plan(a, {a: 60}, 0, {a})
    assert plan(b, {a: 60, b: 0}, 5, {a}).take == 5
