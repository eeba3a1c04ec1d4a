from __future__ import annotations
import pytest
from pathlib import Path
from tests.movements import shipments
from tests.movements.cases import wired, actor
from tests.movements.shipments import DAY, again, arrived, at, in_force, departed
from tidegate.movements.commands import movements, permits, quotas, certificates, takeback, consignments
from tidegate.movements.models import *
from tidegate.parties import times
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OUT=Path('/tmp/shots/movements')

def test_shots(open_context, live_server, client, settings, tmp_path, axe):
    settings.TIDEGATE_SECOND_FACTOR=False
    settings.TIDEGATE_DATA_DIR=tmp_path
    with wired() as wire, times.at(DAY):
        row=in_force(wire)
        made=arrived(wire,row)
        movements.pass_border(shipments.customs('SG'), at(made,'SG').pk, place='Tuas', note='Seals intact')
        movements.receive(shipments.facility(), at(made,'DE').pk, received_kg='15000', accepted_kg='14000', rejected_kg='1000', reason='Household refuse')
        wire.settle()
        two=departed(wire,row,'12000')
        importer=actor('DE','consignee','clerk'); office=actor('DE'); customs=shipments.customs('DE')
        p=permits.draft(importer,'import',content={'wastes':['B3011','Y48'],'hs':['3915'],'note':'For recycling','quantity_kg':'100000'})
        p=permits.apply(importer,p.pk,revision=p.revision); p=permits.review(office,p.pk,revision=p.revision)
        p=permits.issue(office,p.pk,revision=p.revision,valid_from='2027-01-01',valid_until='2027-12-31',number='IMP-2027-7',conditions=[{'kind':'text','text':'Only in bales'}],limit_count=9)
        from tidegate.movements.commands import border
        from tidegate.movements.writeoffs import Line
        from decimal import Decimal
        border.write_off(customs,[Line('T1','IMP-2027-7','HAM-1',1,Decimal('24000'),times.now())])
        pool=quotas.create(office,'Q-27',content={'name':'Plastic scrap 2027','kg':'500000','opens_on':'2027-01-01','closes_on':'2027-12-31','wastes':['B3011']})
        pool=quotas.open_pool(office,pool.pk,revision=pool.revision)
        part=quotas.apply(importer,pool.pk,kg='120000'); quotas.grant(office,part.pk,revision=part.revision)
        try: cert=certificates.issue(office,p.pk,kind='permit')
        except Exception as e: print('CERT',e); cert=None
        case=TakeBack.objects.get(holder='DE')
        takeback.classify(office,str(case.pk),basis='art9_exporter',grounds=['d']); takeback.inform(office,case.pk); wire.settle()
        takeback.accept(actor('TH'),TakeBack.objects.get(holder='TH').pk); wire.settle()
        takeback.plan(actor('TH'),TakeBack.objects.get(holder='TH').pk,how='return',carrier='Example line',borne_by='the exporter',on='2027-03-20'); wire.settle()
        takeback.cost(office,case.pk,kind='storage',amount='1200.50',currency='EUR',borne_by='the exporter')
        con=consignments.register(customs,movement_id=at(two,'DE').pk,office='Hamburg')
        wire.settle()
        key=f'{made.case}/{made.serial}'
        pages={'movements':'/movements/','movement':f'/movements/{key}/','receive':f'/movements/{two.case}/{two.serial}/hold/','border-m':f'/border?q={two.case}/{two.serial}','border-p':'/border?q=IMP-2027-7','border-no':'/border?q=IMP-2027-7&kg=900000','border-none':'/border?q=X-1','many':'/border/many/','lines':'/border/lines/','permits':'/permits/','permit':f'/permits/{p.pk}/','quotas':'/quotas/','certificates':'/certificates/','verify':'/verify/','take-backs':'/take-back/','take-back':f'/take-back/{case.case}/','take-back-new':'/take-back/new/','consignments':'/consignments/','consignment':f'/consignments/{con.reference}/','annual':'/reports/annual/?year=2027','writeoff':'/border/write-off/?licence=IMP-2027-7','letter':f'/take-back/{case.case}/letters/information_art9/'}
        if cert: pages['certificate']=f'/certificates/{cert.pk}/'
        for who,act in (('ca',office),('cu',customs)):
            client.force_login(act.person)
            cookie=client.cookies['sessionid'].value
            for width in (1280,390):
                ctx=open_context(width)
                ctx.add_cookies([{'name':'sessionid','value':cookie,'url':live_server.url}])
                page=ctx.new_page()
                for name,address in pages.items():
                    border_page = name.startswith('border') or name in('many','lines','writeoff')
                    if border_page != (who=='cu'): continue
                    r=page.goto(live_server.url+address)
                    if r.status>=400: print('STATUS',name,r.status); continue
                    page.screenshot(path=str(OUT/f'{name}-{width}.png'),full_page=True)
                    wide=page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
                    found=axe(page)
                    if wide or found: print('PAGE',name,width,'wide' if wide else '',found)
