"""This room is a team's memory: a base that many share and nobody changes, in a store.

`base_builder.py` writes a base, of the commits of one or many repositories, and publishes it
in one commit; `lease.py` lets one builder at a time do so. `base_reader.py` reads one at the
version that was published. `layered_code.py` puts the rows of a workspace's own tables over
it: those of files that differ from the commit.
"""
