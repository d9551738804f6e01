import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Loaded } from '../../components/problem.tsx';
import { Enrolment } from './enrolment.tsx';
import { enrolmentQuery, useVerify } from './queries.ts';

/** Staff without MFA set it up before they can do anything else. */
export default function EnrolStep({
  email,
  onRecoveryCodes,
}: {
  email: string;
  onRecoveryCodes: (codes: readonly string[]) => void;
}) {
  const enrolment = useQuery(enrolmentQuery);
  const verify = useVerify(onRecoveryCodes);
  return (
    <Stack gap="sm">
      <Text size="sm">
        <span className="raw">{email}</span> signs in with a password and a code of an authenticator app.
      </Text>
      <Loaded query={enrolment} rows={6}>
        {(offer) => <Enrolment offer={offer} verify={verify} />}
      </Loaded>
    </Stack>
  );
}
