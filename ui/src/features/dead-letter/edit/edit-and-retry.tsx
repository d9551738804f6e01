export function EditAndRetry(_: { detail: unknown; reveal: unknown; onClose: () => void }) {
  return null;
}
