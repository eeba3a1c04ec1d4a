"""What the generated declarations are made of: trade partners, polymers, goods, phrases, and how often each comes.

The shares are plausible, not measured. Every company is invented and says so in its name.
"""

from __future__ import annotations

from typing import Final

from tidegate.formats.generate.draws import Weighted

#: How often a State sends and receives; States that are not named have `REST` each, States with law in the book
#: `WITH_LAW` at least.
EXPORTS: Final[dict[str, float]] = {
    "JP": 11, "US": 9, "DE": 8, "NL": 6, "GB": 7, "AU": 7, "BE": 4, "HK": 6, "KR": 5, "CA": 5, "FR": 4, "IT": 3,
    "ES": 3, "SG": 4, "TW": 4, "MX": 2, "NZ": 3, "PL": 1.5, "SI": 0.6, "SE": 1, "CH": 1, "NO": 1, "TR": 1, "CN": 2,
    "TH": 2, "MY": 2, "VN": 1.5, "PH": 2, "ID": 1.5, "AE": 1, "SA": 1, "IN": 1, "BR": 0.8, "ZA": 0.6, "CL": 0.5,
    "PG": 0.5, "FJ": 0.5, "IE": 1, "PT": 0.6, "AT": 0.6,
}  # fmt: skip
IMPORTS: Final[dict[str, float]] = {
    "MY": 14, "VN": 12, "ID": 11, "TH": 11, "IN": 6, "PH": 6, "KR": 4, "TW": 5, "CN": 5, "HK": 5, "LA": 3.5,
    "KH": 3.5, "MM": 2.5, "LK": 3, "SG": 3, "JP": 1.5, "AU": 2, "NZ": 1, "BN": 1.5, "TL": 1, "TR": 3, "NL": 2,
    "DE": 2, "US": 2, "GB": 1, "PG": 1, "FJ": 1, "BE": 1, "PL": 1, "BD": 1, "PK": 1, "SN": 0.5, "GH": 0.5, "KE": 0.5,
}  # fmt: skip
HUBS: Final[dict[str, float]] = {
    "SG": 24, "MY": 14, "HK": 12, "VN": 11, "KR": 7, "TH": 6, "CN": 5, "LK": 5, "AE": 4, "BN": 3, "MM": 3, "EG": 2,
    "PA": 2, "TW": 2, "NL": 2, "US": 1.5, "ID": 1.5, "PH": 1, "OM": 1, "FJ": 0.5,
}  # fmt: skip
WITH_LAW: Final = 0.8
REST: Final = 0.07
REST_OF_HUBS: Final = 0.03

YEARS: Final[dict[str, float]] = {
    "2012": 2, "2013": 2, "2014": 2, "2015": 3, "2016": 3, "2017": 4, "2018": 6, "2019": 6, "2020": 7, "2021": 9,
    "2022": 9, "2023": 9, "2024": 10, "2025": 13, "2026": 15, "2027": 6, "2028": 4,
}  # fmt: skip

#: The polymers that have a column, and how often each is the main one of a load.
POLYMERS: Final[dict[str, float]] = {
    "PE": 20, "HDPE": 10, "LDPE": 9, "PP": 18, "PET": 18, "PS": 5, "EPS": 2, "ABS": 5, "PC": 3, "PA": 2, "PA66": 1,
    "PMMA": 2, "POM": 1, "PUR": 1, "PVC": 5, "PTFE": 0.6, "PVDF": 0.6, "FEP": 0.3, "PFA": 0.2,
    "urea_formaldehyde_cured": 0.4, "epoxy_cured": 0.3, "TPU": 0.6, "mixed": 3,
}  # fmt: skip

OPERATIONS: Final = Weighted(
    {"R3": 68, "R13": 11, "R12": 5, "R1": 5, "R4": 2, "R5": 2, "D10": 2, "D1": 1.5, "D5": 0.5, "product": 3}
)
CURRENCIES: Final = Weighted({"USD": 60, "EUR": 22, "JPY": 6, "AUD": 4, "GBP": 4, "SGD": 2, "CNY": 2})
ENTRIES: Final = Weighted(
    {"Y48": 30, "B3011": 40, "A3210": 4, "B3010": 8, "Y46": 2, "Y49": 2, "A1181": 1, "A1190": 1, "B1115": 2,
     "B3020": 4, "B3030": 1, "B3080": 1, "B3140": 2, "GC010": 2}
)  # fmt: skip
ANNEX_I: Final = Weighted({"Y31": 4, "Y29": 2, "Y45": 3, "Y26;Y31": 2, "Y18": 1, "Y39": 1})
ANNEX_III: Final = Weighted({"H11": 5, "H12": 5, "H11;H12": 3, "H13": 1, "H6.1": 1})
OTHER_MATERIALS: Final = Weighted({"wood": 4, "glass cullet": 3, "gypsum board": 2, "slag": 4, "leather": 1})

#: Phrases by recipe (aims.py), in the languages of the papers.
PHRASES: Final[tuple[tuple[str, ...], ...]] = (
    ("HDPE regrind, natural", "PP flakes, single colour", "PET flakes, hot washed", "LDPE film, clear, baled",
     "Hạt nhựa PE tái sinh", "เศษพลาสติก PET สะอาด"),
    ("Plastic scrap, post-industrial", "PE film with labels", "Phế liệu nhựa PP", "Sisa dan skrap plastik PE"),
    ("Mixed PE/PP/PET packaging", "Mixed rigid polyolefins", "Bottles PET with PP caps and PE rings"),
    ("Mixed plastics, baled", "Plastic scrap, mixed grades", "Mixed post-consumer plastic", "เศษพลาสติกผสม"),
    ("PVC window profile offcuts", "PVC cable sheath granules", "PVC pipe scrap, rigid"),
    ("PVDF turnings, pre-consumer", "FEP wire strippings", "PTFE machining scrap"),
    ("Urea-formaldehyde mouldings, cured", "Epoxy castings, cured"),
    ("Plastic waste, unsorted", "Plastik campuran", "Nhựa phế liệu hỗn hợp"),
    ("Plastic scrap", "Plastic waste, type not stated", "Scrap, parings of plastics"),
    ("Recovered material as per contract", "Scrap for recovery", "Secondary raw material"),
    ("Used plastic crates", "Used stretch film on rolls", "Plastic sheet, second choice", "Used plastic bags, bundled"),
    ("Industrial residue", "Recovered material", "Scrap, other than plastics"),
)  # fmt: skip
STREAM_PHRASES: Final[dict[str, str]] = {
    "cable": "Insulated copper cable scrap",
    "circuit boards": "Printed circuit boards, used",
    "electronics": "Used electronic equipment, broken",
    "paper": "Recovered paper, baled",
    "textiles": "Worn textiles, sorted",
    "rubber": "Rubber parings and scrap",
    "tyres": "Used tyres, shredded",
    "household refuse": "Refuse from sorting plant",
    "incinerator ash": "Bottom ash, treated",
    "clinical waste": "Clinical waste, autoclaved",
    "shredder light fraction": "Shredder fluff",
    "contaminated packaging": "Drums and cans, with residues",
    "processed engineered fuel": "Processed engineered fuel, bales",
}
MAKERS: Final = ("Resin", "Polymer", "Recycling", "Trading", "Recovery", "Flake", "Packaging", "Materials")
COMPANIES: Final = 1600
#: Not an owner's code of the container register.
OWNER: Final = "TDGU"


def company(number: int) -> str:
    """The name of an invented company."""
    return f"Example {MAKERS[number % len(MAKERS)]} {number:04d} (fictitious)"
