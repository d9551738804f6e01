import { Select, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { type AdjustmentType, adjustmentType } from '../../../../contract/billing.ts';
import { cents, formatMoney, negated, parseMoney, positiveMoney } from '../../../../contract/money.ts';
import type { ProviderBody } from '../../../../contract/providers.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { useAdjustBalance } from './provider-queries.ts';
import { ENTRY_TYPES, Money } from './values.tsx';

const TYPES = adjustmentType.options.map((value) => ({ value, label: ENTRY_TYPES[value] }));

/** Books money by hand, with the balance that comes of it said first. */
export function AdjustBalance({ provider, onClose }: { provider: ProviderBody; onClose: () => void }) {
  // One adjustment, however often it is sent: an answer may get lost on its way.
  const [key] = useState(() => crypto.randomUUID());
  const adjust = useAdjustBalance(provider.id, key);
  const [type, setType] = useState<AdjustmentType>('deposit');
  const [amount, setAmount] = useState('');
  const [asked, setAsked] = useState(false);
  const typed = amount.trim();
  const valid = positiveMoney.safeParse(typed).success;
  const after = valid ? balanceAfter(provider.balance, type, typed) : null;
  const confirm = (memo: string): void => {
    setAsked(true);
    if (!valid) return;
    adjust.mutate(
      { type, amount: typed, memo },
      {
        onSuccess: ({ balance }) => {
          notifications.show({ message: `Booked. ${provider.company_name} has ${balance} now.` });
          onClose();
        },
      },
    );
  };
  return (
    <ReasonDialog
      title="Adjust the balance"
      verb={valid ? `Book ${type === 'manual_debit' ? '−' : '+'}${typed}` : 'Book'}
      danger={type === 'manual_debit'}
      min={10}
      busy={adjust.isPending}
      error={adjust.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Select
        label="Kind"
        allowDeselect={false}
        data={TYPES}
        value={type}
        onChange={(next) => setType(adjustmentType.parse(next))}
      />
      <TextInput
        label="Amount"
        description="Without a sign, such as 12.50"
        inputMode="decimal"
        autoComplete="off"
        data-autofocus
        value={amount}
        onChange={(event) => setAmount(event.currentTarget.value)}
        error={(asked || typed !== '') && !valid ? 'An amount more than 0, such as 12.50' : undefined}
      />
      <Text size="sm" role="status">
        <bdi>{provider.company_name}</bdi> has <Money amount={provider.balance} />
        {after !== null && (
          <>
            , and <Money amount={after} /> after this
          </>
        )}
        . The entry shows this reason to the provider, and can’t be removed: book the opposite to undo it.
      </Text>
    </ReasonDialog>
  );
}

/** In whole cents; null when it is more than a balance holds. */
function balanceAfter(balance: string, type: AdjustmentType, amount: string): string | null {
  const moved = parseMoney(amount);
  try {
    return formatMoney(cents(parseMoney(balance) + (type === 'manual_debit' ? negated(moved) : moved)));
  } catch {
    return null;
  }
}
