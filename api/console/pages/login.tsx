/** Logging in with the key of an operator; the key is sent once, in a body, and kept nowhere. */
import { useState } from 'preact/hooks';
import { post } from './api';
import { Failure, Page } from './parts';

/** The form. */
export const LoginPage = ({ onLogin }: { readonly onLogin: (name: string | null) => void }) => {
  const [error, setError] = useState<unknown>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const key = new FormData(event.currentTarget as HTMLFormElement).get('key');
    post<{ readonly name: string | null }>('/console/session', { key }).then(({ name }) => onLogin(name), setError);
  };
  return (
    <Page title="Log in" lead="This installation has keys: the console takes the key of an operator.">
      <form class="login" method="post" action="/console/session" onSubmit={submit}>
        <label>
          Key
          <input name="key" type="password" required maxLength={512} autocomplete="current-password" />
        </label>
        {error === undefined ? null : <Failure error={error} />}
        <button class="primary" type="submit">
          Log in
        </button>
      </form>
    </Page>
  );
};
