from collections import Counter
from hypothesis import settings, seed
from hypothesis.stateful import run_state_machine_as_test
import tests.movements.test_notification_machine as m
from tests.movements.test_notification_machine import sent
from tidegate.parties.models import JournalEntry
C=Counter(); S=Counter()
def test_many(sent):
    old=m.Cases.converged
    def conv(self):
        C.update(JournalEntry.objects.filter(case=self.row.case).values_list("holder","type"))
        for code in m.STATES: S[self.here(code).status]+=1
        old(self)
    m.Cases.converged=conv
    try:
        run_state_machine_as_test(m.Cases, settings=settings(max_examples=120, stateful_step_count=30, derandomize=False, deadline=None, database=None))
    finally:
        m.Cases.converged=old
        print(S); 
        for k,v in sorted(C.items()): print(k,v)
