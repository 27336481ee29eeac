"""A big world stays cheap."""

from time import process_time

from simulator.world.world import World


def test_a_thousand_members_and_ten_thousand_posts_take_seconds_at_most() -> None:
    started = process_time()
    world = World()
    owner = world.add_person("79990000000", "Owner")
    members = [world.add_person(f"7998{i:07}", f"Member{i}") for i in range(1000)]
    news = world.add_channel("News", "big_news", owner=owner, linked=True)
    world.join(news, *members)
    posts = [world.publish(news, f"post {i}") for i in range(10_000)]
    for i, post in enumerate(posts):
        world.comment(news, post.id, members[i % 1000], f"comment {i}")
    assert world.duplicates() == []
    assert len(world.comments_under(news, posts[-1].id)) == 1
    assert process_time() - started < 10
