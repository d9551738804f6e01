import { Link } from '@tanstack/react-router';
import type { AuditEntry } from '../../../../contract/audit.ts';
import { Id } from '../../components/values.tsx';
import { shortId } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import { targetWord } from './words.ts';

/** What it was done to, with a link to it where it has a page that one may see. */
export function Target({ entry }: { entry: AuditEntry }) {
  const { target_type: type, target_id: id } = entry;
  if (type === 'queue' && id === '*') return <>all queues</>;
  return (
    <>
      {targetWord(type)} <TargetLink entry={entry} />
    </>
  );
}

function TargetLink({ entry: { target_type: type, target_id: id } }: { entry: AuditEntry }) {
  const may = useMay();
  const text = { children: shortId(id), title: id, className: 'mono' };
  if (type === 'queue') return <Link to="/queues/$name" params={{ name: id }} {...text} />;
  if (type === 'dead_letter') return <Link to="/dead-letters/$id" params={{ id }} {...text} />;
  if (type === 'dead_letter_group') return <Link to="/dead-letters" search={{ group: id }} {...text} />;
  if (type === 'dead_letter_operation') return <Link to="/operations/$id" params={{ id }} {...text} />;
  if (type === 'lead' && may('leads.view')) return <Link to="/leads" search={{ lead: id }} {...text} />;
  if (type === 'provider' && may('providers.view'))
    return <Link to="/providers/$id" params={{ id }} {...text} />;
  return <Id value={id} what={`id of the ${targetWord(type)}`} />;
}
