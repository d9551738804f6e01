import { AskDialog } from './ask-dialog.tsx';
import { useReason } from './reason-field.tsx';

type Props = Omit<React.ComponentProps<typeof AskDialog>, 'children' | 'onConfirm'> & {
  /** Fewest characters of the reason. */
  min?: number;
  children?: React.ReactNode;
  onConfirm: (reason: string) => void;
};

/**
 * Asks before something that others will notice: says what will happen, takes the reason that goes into the audit
 * log, and has the verb on its button.
 */
export function ReasonDialog({ min, children, onConfirm, ...dialog }: Props) {
  const { field, submit } = useReason(min);
  return (
    <AskDialog {...dialog} onConfirm={() => submit(onConfirm)}>
      {children}
      {field}
    </AskDialog>
  );
}
