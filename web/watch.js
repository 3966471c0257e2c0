// Plays one stream with dash.js and lists its timed events as they are received and as they start.

const RETRY_MS = 2000;
const REFRESH_MS = 500;
const MAX_ROWS = 500;
const SEGMENTS_TO_BEGIN = 2;  // with a single one, the player stalls at its end

const stream = new URLSearchParams(location.search).get('stream') || 'live/app';
const manifestUrl = '/' + stream.split('/').map(encodeURIComponent).join('/') + '/live-manifest.mpd';
const aliveUrl = '/stream_alive?stream=' + encodeURIComponent(stream);
const $ = (id) => document.getElementById(id);
const video = $('video');

function setStatus(state, text) {
  const status = $('status');
  status.dataset.state = state;
  if (status.textContent !== text) status.textContent = text;
}

const clock = () => new Date().toTimeString().slice(0, 8);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- events ----

const rows = new Map();  // 'scheme value id' -> row

function textOf(message) {
  if (message instanceof Uint8Array) return new TextDecoder().decode(message);
  return typeof message === 'object' ? JSON.stringify(message) : String(message ?? '');
}

function rowOf(event) {
  const { schemeIdUri, value, timescale = 1, presentationTimeOffset = 0 } = event.eventStream;
  const key = [schemeIdUri, value, event.id].join(' ');
  const known = rows.get(key);
  if (known) return known;

  const row = $('events').insertRow(0);
  const cell = (text, className) => {
    const made = row.insertCell();
    made.textContent = text;
    made.className = className;
    return made;
  };
  const seconds = (event.presentationTime - presentationTimeOffset) / timescale;
  cell(Number.isFinite(seconds) ? seconds.toFixed(2) + ' s' : '', 'time');
  cell(textOf(event.messageData), '');
  cell(`${schemeIdUri} ${value}`, 'quiet');
  const entry = { row, received: cell('', 'time'), started: cell('', 'time') };
  rows.set(key, entry);
  if (rows.size > MAX_ROWS) {
    const [oldest, { row: last }] = rows.entries().next().value;
    last.remove();
    rows.delete(oldest);
  }
  $('count').textContent = rows.size;
  $('none').hidden = true;
  return entry;
}

function onReceived({ event }) {
  const entry = rowOf(event);
  entry.received.textContent ||= clock();
}

function onStarted({ event }) {
  const entry = rowOf(event);
  entry.started.textContent ||= clock();
  entry.row.classList.add('started');
  setTimeout(() => entry.row.classList.add('passed'), REFRESH_MS);
}

const asArray = (value) => (value === undefined ? [] : [value].flat());

/// The schemes that a manifest announces, in the Periods and inband.
function schemesOf(manifest) {
  const streams = asArray(manifest.Period).flatMap((period) => [
    ...asArray(period.EventStream),
    ...asArray(period.AdaptationSet).flatMap((set) => [
      ...asArray(set.InbandEventStream),
      ...asArray(set.Representation).flatMap((one) => asArray(one.InbandEventStream)),
    ]),
  ]);
  return new Set(streams.map(({ schemeIdUri }) => schemeIdUri));
}

// ---- player ----

/// Plays until the stream has ended, has been replaced by another one, or fails.
///
/// Resolves to why.
function play() {
  const { MediaPlayer } = window.dashjs;
  const player = MediaPlayer().create();
  const schemes = new Set();
  let presentation = null;  // its availabilityStartTime names it
  let refresh = null;

  return new Promise((end) => {
    player.initialize();
    player.updateSettings({
      debug: { logLevel: 0 },
      streaming: {
        // The manifest names /time; nothing else is ever asked for the time.
        utcSynchronization: {
          defaultTimingSource: { scheme: 'urn:mpeg:dash:utc:http-xsdate:2014', value: location.origin + '/time' },
        },
      },
    });
    player.on(MediaPlayer.events.MANIFEST_LOADED, ({ data, error }) => {
      if (error || !data) return;
      const start = Number(data.availabilityStartTime);
      if (presentation !== null && presentation !== start) return end('A new stream has begun');
      presentation = start;
      for (const scheme of schemesOf(data)) {
        if (schemes.has(scheme)) continue;
        schemes.add(scheme);
        player.on(scheme, onReceived, null, { mode: MediaPlayer.events.EVENT_MODE_ON_RECEIVE });
        player.on(scheme, onStarted, null, { mode: MediaPlayer.events.EVENT_MODE_ON_START });
      }
    });
    player.on(MediaPlayer.events.ERROR, ({ error }) => end('The player stopped: ' + (error.message || error)));
    player.on(MediaPlayer.events.PLAYBACK_ENDED, () => end('The stream has ended'));
    setStatus('waiting', 'Starting');
    refresh = setInterval(() => {
      showPlayback(player);
      showFigures(player);
    }, REFRESH_MS);
    player.attachView(video);
    player.setAutoPlay(true);
    player.attachSource(manifestUrl);
  }).finally(() => {
    clearInterval(refresh);
    player.destroy();
  });
}

/// Read off the video: its events `waiting` and `playing` do not come in pairs.
function showPlayback(player) {
  if (video.paused && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) setStatus('waiting', 'Paused');
  else if (video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) setStatus('waiting', 'Buffering');
  else if (player.isDynamic()) setStatus('live', 'Live');
  else setStatus('ended', 'The stream has ended; playing what is left');
}

function show(id, number, text) {
  $(id).textContent = Number.isFinite(number) ? text(number) : '–';
}

function showFigures(player) {
  const seconds = (n) => n.toFixed(2) + ' s';
  const kinds = ['video', 'audio'].filter((kind) => player.getTracksFor(kind).length > 0);
  const playing = kinds.map((kind) => player.getCurrentRepresentationForType(kind)).filter(Boolean);
  const bandwidth = playing.reduce((sum, one) => sum + one.bandwidth, 0);
  show('latency', player.isDynamic() ? player.getCurrentLiveLatency() : NaN, seconds);
  show('buffer', Math.min(...kinds.map((kind) => player.getBufferLength(kind))), seconds);
  show('bitrate', bandwidth || NaN, (n) => (n / 1e6).toFixed(2) + ' Mbit/s');
  show('picture', video.videoWidth || NaN, (n) => `${n}×${video.videoHeight}`);
  show('dropped', video.getVideoPlaybackQuality().droppedVideoFrames, String);
  show('position', video.currentTime, seconds);
}

// ---- the page ----

/// Asks before it plays, so that waiting for a stream is no error in the console.
async function isAlive() {
  try {
    const answer = await fetch(aliveUrl, { cache: 'no-store' });
    return answer.ok ? (await answer.json()).alive === true : null;
  } catch {
    return null;
  }
}

/// Whether the manifest, which the server holds back until there is one, lists enough to play.
async function hasBegun() {
  try {
    const answer = await fetch(manifestUrl, { cache: 'no-store' });
    const manifest = new DOMParser().parseFromString(await answer.text(), 'text/xml');
    const runs = manifest.querySelector('SegmentTimeline')?.querySelectorAll('S') ?? [];
    const segments = [...runs].reduce((sum, run) => sum + 1 + Number(run.getAttribute('r') ?? 0), 0);
    return segments >= SEGMENTS_TO_BEGIN || manifest.documentElement.getAttribute('type') === 'static';
  } catch {
    return false;
  }
}

async function run() {
  $('stream').textContent = stream;
  document.title = `${stream} · streamkit`;
  const body = JSON.stringify({ metadata: 'hello', stream });
  $('example').textContent = `curl -d '${body}' ${location.origin}/metadata`;
  if (!window.dashjs) {
    setStatus('missing', 'The player, dash.js, is not part of this build: build the server where npm is installed');
    return;
  }
  let why = '';
  for (;;) {
    const alive = await isAlive();
    const begun = alive && (await hasBegun());
    if (begun) why = await play();
    if (alive === null) setStatus('offline', 'The server does not answer; trying again');
    else if (alive && !begun) setStatus('waiting', 'The stream has just begun');
    else if (why) setStatus('ended', `${why}; waiting for it to come back`);
    else setStatus('offline', 'Not live; waiting for it to begin');
    await sleep(alive && !begun ? REFRESH_MS : RETRY_MS);
  }
}

run();
