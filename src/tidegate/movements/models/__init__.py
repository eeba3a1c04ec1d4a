"""Tables of the control of movements. Every row is held by one State; a case's rows carry its global reference.

A fact has one writer: the notification is the State of export's, a decision the deciding authority's, receipt and
completion the State of import's, a passage the transit State's. The other copies change only by a message.
"""

from tidegate.movements.models.analyses import Analysis
from tidegate.movements.models.assignments import Assignment
from tidegate.movements.models.base import Attachment, Breach, CaseRow, Clock, EarlyFact, Holiday, Tolerance
from tidegate.movements.models.border import ContainerUse, LineRun, WriteOff
from tidegate.movements.models.consents import Consent, Contract, Guarantee, HeldGuarantee
from tidegate.movements.models.consignments import Consignment, ConsignmentWord, JointInspection, Requirement
from tidegate.movements.models.fees import Fee, FeeRate
from tidegate.movements.models.green import GreenContainer, GreenShipment, GreenUpload
from tidegate.movements.models.inspectors import InspectorAccess, InspectorReport
from tidegate.movements.models.keeping import Erasure, KeepingKind, KeepingPeriod, LegalHold
from tidegate.movements.models.ledger import Account, Posting, Reservation, SubPeriod
from tidegate.movements.models.movements import Correction, Custody, Movement, Operation
from tidegate.movements.models.notices import DeadlineTold, SavedFilter, Subscription
from tidegate.movements.models.notifications import (
    Amendment,
    Approval,
    FieldRelease,
    InfoRequest,
    Notification,
    RouteStop,
    SearchWord,
    Template,
    Version,
)
from tidegate.movements.models.permits import (
    Certificate,
    CertificateWord,
    Permit,
    PermitWord,
    QuotaAllocation,
    QuotaPool,
    StatusList,
)
from tidegate.movements.models.takeback import CostLine, ReturnConsent, TakeBack, TakeBackWord

__all__ = [
    "Account",
    "Amendment",
    "Analysis",
    "Approval",
    "Assignment",
    "Attachment",
    "Breach",
    "CaseRow",
    "Certificate",
    "CertificateWord",
    "Clock",
    "Consent",
    "Consignment",
    "ConsignmentWord",
    "ContainerUse",
    "Contract",
    "Correction",
    "CostLine",
    "Custody",
    "DeadlineTold",
    "EarlyFact",
    "Erasure",
    "Fee",
    "FeeRate",
    "FieldRelease",
    "GreenContainer",
    "GreenShipment",
    "GreenUpload",
    "Guarantee",
    "HeldGuarantee",
    "Holiday",
    "InfoRequest",
    "InspectorAccess",
    "InspectorReport",
    "JointInspection",
    "KeepingKind",
    "KeepingPeriod",
    "LegalHold",
    "LineRun",
    "Movement",
    "Notification",
    "Operation",
    "Permit",
    "PermitWord",
    "Posting",
    "QuotaAllocation",
    "QuotaPool",
    "Requirement",
    "Reservation",
    "ReturnConsent",
    "RouteStop",
    "SavedFilter",
    "SearchWord",
    "StatusList",
    "SubPeriod",
    "Subscription",
    "TakeBack",
    "TakeBackWord",
    "Template",
    "Tolerance",
    "Version",
    "WriteOff",
]  # fmt: skip
