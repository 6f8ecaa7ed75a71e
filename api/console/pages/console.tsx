/** The console: its frame, and which page stands at which address. */
import './console.css';
import { render, type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Notices } from './actions';
import { get, onLoggedOut, post } from './api';
import { openByGroup, type DeadLetterTopic } from './dead-letter-counts';
import { AuditPage } from './audit';
import { ChainPage } from './chain';
import { CommandsPage } from './commands';
import { ContractsPage } from './contracts';
import { DeadLetterPage } from './dead-letter';
import { DeadLettersPage } from './dead-letters';
import { ExplainPage } from './explain';
import { FlowPage } from './flow';
import { GroupPage, GroupsPage } from './groups';
import { OffsetsPage } from './offsets';
import { ProjectionPage, ProjectionsPage } from './projections';
import { RebuildPage } from './rebuild';
import { RedrivePage } from './redrive';
import { RelayPage } from './relay';
import { StreamPage, StreamsPage } from './streams';
import { ViewPage } from './views';
import { connect, useConnection, useTopic } from './live';
import { LoginPage } from './login';
import { Empty, Page } from './parts';
import { followLinks, to, usePlace, type Place } from './router';

interface Session {
  readonly required: boolean;
  readonly name: string | null;
}

/** Keys keep the state of one thing from being shown for another. */
const pages: Readonly<Record<string, (place: Place, name: string | undefined) => ComponentChildren>> = {
  '': () => <FlowPage />,
  relay: () => <RelayPage />,
  projections: (_place, name) => (name === undefined ? <ProjectionsPage /> : <ProjectionPage key={name} name={name} />),
  rebuilds: (_place, id) => (id === undefined ? <ProjectionsPage /> : <RebuildPage key={id} id={id} />),
  views: (place, name) =>
    name === undefined ? <ProjectionsPage /> : <ViewPage key={name} name={name} place={place} />,
  groups: (_place, name) => (name === undefined ? <GroupsPage /> : <GroupPage key={name} name={name} />),
  'dead-letters': (place, id) =>
    id === undefined ? <DeadLettersPage place={place} /> : <DeadLetterPage key={id} id={id} />,
  redrives: (place, id) => (id === undefined ? <DeadLettersPage place={place} /> : <RedrivePage key={id} id={id} />),
  commands: (place) => <CommandsPage place={place} />,
  streams: (place, stream) =>
    stream === undefined ? <StreamsPage place={place} /> : <StreamPage key={stream} stream={stream} place={place} />,
  chains: (place, id) =>
    id === undefined ? <StreamsPage place={place} /> : <ChainPage key={id} id={id} place={place} />,
  explain: ({ parts }, projection) => (
    <ExplainPage
      key={parts.join('/')}
      {...(projection === undefined || parts[2] === undefined ? {} : { projection, rowKey: parts[2] })}
    />
  ),
  contracts: () => <ContractsPage />,
  offsets: (_place, name) => <OffsetsPage key={name} {...(name === undefined ? {} : { name })} />,
  audit: (place) => <AuditPage place={place} />,
};

const menu: ReadonlyArray<readonly [string, string]> = [
  ['', 'Flow'],
  ['projections', 'Projections'],
  ['groups', 'Groups'],
  ['dead-letters', 'Dead letters'],
  ['commands', 'Commands'],
  ['streams', 'Streams'],
  ['explain', 'Explain'],
  ['contracts', 'Contracts'],
  ['offsets', 'Offsets'],
  ['audit', 'Audit'],
];

const App = () => {
  const [session, setSession] = useState<Session>();
  const isIn = session !== undefined && (!session.required || session.name !== null);
  useEffect(() => {
    const forget = onLoggedOut(() => setSession({ required: true, name: null }));
    get<Session>('/console/session').then(setSession, () => setSession({ required: false, name: null }));
    return forget;
  }, []);
  useEffect(() => {
    if (isIn) connect();
  }, [isIn]);
  const place = usePlace();
  if (session === undefined) return <Empty>Reading …</Empty>;
  const logOut = (): void => void post('/console/session/end').then(() => location.assign('/console'));
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <Header session={session} isIn={isIn} place={place} logOut={logOut} />
      <main id="main">
        {isIn ? pageAt(place) : <LoginPage onLogin={(name) => setSession({ required: true, name })} />}
      </main>
      <Notices />
    </>
  );
};

const pageAt = (place: Place): ComponentChildren => {
  const page = pages[place.parts[0] ?? ''];
  if (page !== undefined) return page(place, place.parts[1]);
  return (
    <Page title="Not found">
      <p>
        There is no such page. <a href="/console">The flow</a> is the first one.
      </p>
    </Page>
  );
};

/** Pages of one thing belong to the list that leads to them. */
const parents: Readonly<Record<string, string>> = {
  relay: '',
  rebuilds: 'projections',
  views: 'projections',
  redrives: 'dead-letters',
  chains: 'streams',
};

const partOf = ({ parts: [first = ''] }: Place): string => parents[first] ?? first;

const Header = ({
  session,
  isIn,
  place,
  logOut,
}: {
  readonly session: Session;
  readonly isIn: boolean;
  readonly place: Place;
  readonly logOut: () => void;
}) => {
  const topic = useTopic<DeadLetterTopic>('deadLetters');
  const open = [...openByGroup(topic).values()].reduce((sum, each) => sum + each, 0);
  const numbers: Readonly<Record<string, number>> = { 'dead-letters': open, commands: topic?.setAside.length ?? 0 };
  return (
    <header>
      <a class="brand" href="/console">
        <img src="/console/assets/icon.svg" alt="" width="26" height="26" /> Tidemark
      </a>
      {isIn ? (
        <nav aria-label="Pages">
          {menu.map(([name, title]) => (
            <a
              key={name}
              href={name === '' ? '/console' : to(name)}
              aria-current={partOf(place) === name ? 'page' : undefined}
            >
              {title}
              {(numbers[name] ?? 0) > 0 ? <span class="number">{numbers[name]}</span> : null}
            </a>
          ))}
          <a href="/docs">API</a>
        </nav>
      ) : null}
      <div class="who">
        {isIn ? <ConnectionMark /> : null}
        {session.name === null ? null : (
          <>
            <span>{session.name}</span>
            <button type="button" onClick={logOut}>
              Log out
            </button>
          </>
        )}
      </div>
    </header>
  );
};

const ConnectionMark = () => {
  const { connection, lookedAtMs } = useConnection();
  const since = lookedAtMs === 0 ? '' : ` since ${new Date(lookedAtMs).toLocaleTimeString()}`;
  const text = connection === 'live' ? 'live' : connection === 'offline' ? `no connection${since}` : 'connecting';
  return (
    <span class={`connection ${connection}`} role="status">
      {text}
    </span>
  );
};

followLinks();
const root = document.getElementById('console');
if (root !== null) {
  root.replaceChildren();
  render(<App />, root);
}
