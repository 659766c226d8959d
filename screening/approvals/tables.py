"""The tables of a store."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

TABLES = MetaData()
# format, store (its id) and public_key, all bound by the genesis
META = Table(
    "screening_meta",
    TABLES,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)
ENTRIES = Table(
    "screening_entries",
    TABLES,
    # SQLite keeps a table in the order of an INTEGER key, and of no other
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True,
           autoincrement=False),
    Column("id", String(32), nullable=False, unique=True),
    Column("at", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("particulars", String(64), nullable=False),
    Column("checks", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)  # fmt: skip
PARTICULARS = Table(
    "screening_particulars",
    TABLES,
    Column("entry", String(32), primary_key=True),
    Column("content", Text, nullable=False),
)
