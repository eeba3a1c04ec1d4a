"""Kilograms in a column: a Decimal with three places in Python, whole grams in the database.

SQLite has no exact decimals: it keeps 0.1 and 0.2 as binary fractions, whose sum is more than 0.3, so that a constraint
`limit >= used + reserved` would refuse the last gram, and a sum over many rows would drift. Whole grams are exact on
every database, in constraints and sums too.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator
from django.db import models
from django.db.models.expressions import Combinable, register_combinable_fields
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field  # takes no type arguments while it runs

GRAM = Decimal("0.001")
MAX_DIGITS = 18


class Kilograms(_Field):
    """A mass in kilograms, exact to the gram, below 10^15 kg. Takes Decimal, int and text; a float is refused."""

    description = _("Mass in kilograms")
    empty_strings_allowed = False
    default_error_messages = {"invalid": _("“%(value)s” is not a mass in kilograms with at most three places.")}
    default_validators = [DecimalValidator(MAX_DIGITS, 3)]

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def to_python(self, value: Any) -> Decimal | None:
        """The mass as Decimal with three places. Raises ValidationError for a float and for anything finer."""
        if value is None:
            return None
        try:
            if isinstance(value, float | bool):
                raise InvalidOperation
            exact = Decimal(value)
            rounded = exact.quantize(GRAM)
            if rounded != exact:
                raise InvalidOperation
        except (InvalidOperation, TypeError, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from None
        return rounded

    def get_prep_value(self, value: Any) -> Any:
        """Whole grams. Raises ValidationError, so that nothing is ever rounded on its way to the disk."""
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        mass = self.to_python(value)
        return None if mass is None else int(mass.scaleb(3))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        """Kilograms from grams; a sum over many rows comes as Decimal from some databases."""
        return None if value is None else Decimal(int(value)).scaleb(-3).quantize(GRAM)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(self.to_python(value))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(
            **{"form_class": forms.DecimalField, "max_digits": MAX_DIGITS, "decimal_places": 3, **kwargs}
        )


for connector in (Combinable.ADD, Combinable.SUB):
    register_combinable_fields(Kilograms, connector, Kilograms, Kilograms)
