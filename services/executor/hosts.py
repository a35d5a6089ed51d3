"""The hosts of an executor that are to serve, and which versions are in which."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from services.common.recent_versions import VersionKey
from services.executor.processes.host_process import HostProcess, State
from services.executor.versions.packing import Group, group_of


class Hosts:
    """Those that do not drain. A version may be in several while one takes over from another."""

    def __init__(self) -> None:
        self._hosts: list[HostProcess] = []
        self._chosen: dict[VersionKey, HostProcess] = {}

    def __iter__(self) -> Iterator[HostProcess]:
        return iter(list(self._hosts))

    def __contains__(self, host: HostProcess) -> bool:
        return host in self._hosts

    def add(self, host: HostProcess) -> None:
        """Take a host in."""
        self._hosts.append(host)

    def remove(self, host: HostProcess) -> None:
        """Let a host go."""
        self._hosts.remove(host)

    def clear(self) -> None:
        """Let all go."""
        self._hosts.clear()

    def groups(self) -> list[Group]:
        """Return the groups that stand: those that serve, and those that are loading."""
        return [frozenset(host.keys) for host in self._hosts if host.is_group]

    def moving(self) -> Group | None:
        """Return the group that versions are moving to: there is one at a time."""
        to = (h for h in self._hosts if h.moves and h.state is State.LOADING)
        return next((frozenset(host.keys) for host in to), None)

    def placed(self) -> set[VersionKey]:
        """Return the versions that serve, and those that are loaded together and serve nowhere yet."""
        return self.in_state(State.SERVING) | {
            key
            for host in self._hosts
            if host.is_group and not host.moves and host.state is State.LOADING
            for key in host.keys
        }

    def keys(self) -> set[VersionKey]:
        """Return the versions that have a host."""
        return {key for host in self._hosts for key in host.keys}

    def in_state(self, state: State) -> set[VersionKey]:
        """Return the versions that have a host with a process in a state.

        Where they move, the host that is loading does not count: they serve in another one.
        """
        return {
            key
            for host in self._hosts
            if host.state is state and host.pid and not (host.moves and state is State.LOADING)
            for key in host.keys
            if key not in host.outdated
        }

    def serves(self) -> dict[VersionKey, bool]:
        """Return the versions that are scored here, and those that will be: whether they are.

        Not those that a host still has, for it goes on for others.
        """
        coming = (h for h in self._hosts if h.state is State.LOADING and not h.moves)
        return {key: False for host in coming for key in host.keys} | dict.fromkeys(
            self._chosen, True
        )

    def have(self, key: VersionKey) -> bool:
        """Tell whether a version has a host that serves or will, one that it moves to not counted."""
        return any(
            key in host.keys
            and key not in host.outdated
            and (host.state is State.SERVING or not host.moves)
            for host in self._hosts
        )

    def have_alone(self, key: VersionKey) -> bool:
        """Tell whether a version has a host of its own."""
        return any(host.keys == (key,) and key not in host.outdated for host in self._hosts)

    def choose(self, needed: Collection[VersionKey], groups: Mapping[VersionKey, Group]) -> None:
        """Choose where versions are scored: each in the host of its group, or else in any that serves."""
        self._chosen = {}
        for host in self._hosts:
            if host.state is not State.SERVING:
                continue
            members = frozenset(host.keys)
            for key in host.keys:
                if key in host.outdated or key not in needed:
                    continue
                if key not in self._chosen or members == group_of(key, groups):
                    self._chosen[key] = host

    def is_chosen(self, host: HostProcess, key: VersionKey) -> bool:
        """Tell whether a version is to be scored in a host."""
        return self._chosen.get(key) is host

    def is_place_of(
        self, host: HostProcess, key: VersionKey, groups: Mapping[VersionKey, Group]
    ) -> bool:
        """Tell whether a version is scored in a host, or will be when it serves."""
        if host.state is State.LOADING:
            should = frozenset(host.keys) == group_of(key, groups)
            return should or (not host.moves and key not in self._chosen)
        return self._chosen.get(key) in (None, host)
