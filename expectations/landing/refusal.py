"""What a refused delivery says, to the person who has to act.

Belongs here: the one exception of landing, and how it reads. Does not: deciding what is refused.
"""

from __future__ import annotations


class DeliveryRefused(Exception):
    """A delivery that does not keep its source contract; nothing of it was landed.

    Args:
        system, table: where it should have landed.
        file: the file as found in the data directory, or `postgres:<schema>.<table>`.
        seen: what was found: names, counts and positions, never a value of a row.
        agreed: what the source contract says.
        owner: who answers for the source.
        remedy: what to do next, ending in a command.
        columns: the columns of the contract that it is about; none where it is about the table as a whole.
    """

    def __init__(
        self,
        system: str,
        table: str,
        file: str,
        seen: str,
        agreed: str,
        owner: str,
        remedy: str,
        columns: tuple[str, ...] = (),
    ) -> None:
        super().__init__(system, table, file, seen, agreed, owner, remedy, columns)
        self.system = system
        self.table = table
        self.file = file
        self.seen = seen
        self.agreed = agreed
        self.owner = owner
        self.remedy = remedy
        self.columns = columns

    def __str__(self) -> str:
        return (
            f"{self.system}.{self.table}: the delivery {self.file} is refused; raw keeps what it had.\n"
            f"  seen:   {self.seen}\n"
            f"  agreed: {self.agreed}\n"
            f"  owner:  {self.owner}\n"
            f"  next:   {self.remedy}"
        )
