import { z } from 'zod';
import { SlackRefusal, refuseWith } from './answers.ts';
import { needText, readJson, readText } from './args.ts';
import { needJoined } from './channels.ts';
import { readContent, showFile, writeMessage } from './messages.ts';
import type { ApiCall, Method, Slack } from './slack.ts';

const MIME: Record<string, string> = {
  pdf: 'application/pdf',
  csv: 'text/csv',
  txt: 'text/plain',
  png: 'image/png',
  json: 'application/json',
};

const Files = z.array(z.object({ id: z.string(), title: z.string().optional() })).min(1);

const getUploadUrl: Method = {
  scopes: ['files:write'],
  run: (slack, call) => {
    const name = needText(call.args, 'filename');
    const length = Number(needText(call.args, 'length'));
    if (!Number.isInteger(length) || length < 1)
      throw refuseWith('invalid_arguments', ['must be more than 0 [json-pointer:/length]']);
    if (length > slack.settings().mostFileBytes) throw new SlackRefusal('file_upload_size_restricted');
    const upload = slack.uploads.announce({ team: call.team.id, name, length });
    return { upload_url: `${slack.url()}/upload/v1/${upload.key}`, file_id: upload.id };
  },
};

const completeUpload: Method = {
  scopes: ['files:write'],
  run: (slack, call) => {
    const files = Files.safeParse(readJson(call.args, 'files'));
    if (!files.success)
      throw refuseWith('invalid_arguments', ['must be a list of files [json-pointer:/files]']);
    const uploads = files.data.map(({ id, title }) => {
      const upload = slack.uploads.find(id);
      if (upload === undefined || upload.team !== call.team.id) throw new SlackRefusal('file_not_found');
      if (upload.bytes === null) throw new SlackRefusal('file_not_found');
      return { ...upload, bytes: upload.bytes, title: title ?? upload.name };
    });
    const share = readShare(slack, call);
    for (const { id, name, title, bytes } of uploads) {
      const mimetype = MIME[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
      const { team } = call;
      const file = { id, team: team.id, name, title, mimetype, user: team.botUser };
      slack.state.commit({ kind: 'file', file: { ...file, base64: bytes.toString('base64') } });
      slack.uploads.forget(id);
    }
    share(uploads.map(({ id }) => id));
    return { files: uploads.map(({ id }) => showFile(slack, id)) };
  },
};

/** Checks where the files are to go, before anything is stored; what it returns puts them there. */
function readShare(slack: Slack, call: ApiCall): (ids: string[]) => void {
  const { args, team } = call;
  const named = readText(args, 'channel_id');
  if (named === undefined) return () => undefined;
  const channel = needJoined(slack, call, named).id;
  const threadTs = readText(args, 'thread_ts') ?? null;
  if (threadTs !== null && slack.state.message(team.id, channel, threadTs) === undefined)
    throw new SlackRefusal('thread_not_found');
  const content = readContent({ text: readText(args, 'initial_comment'), blocks: args.blocks });
  return (files) => {
    writeMessage(slack, { team, channel, author: team.botUser, content, threadTs, files });
  };
}

export const fileMethods: Record<string, Method> = {
  'files.getUploadURLExternal': getUploadUrl,
  'files.completeUploadExternal': completeUpload,
  'files.info': {
    scopes: ['files:read'],
    run: (slack, call) => {
      const file = slack.state.file(needText(call.args, 'file'));
      if (file === undefined || file.team !== call.team.id) throw new SlackRefusal('file_not_found');
      return { file: showFile(slack, file.id) };
    },
  },
};
