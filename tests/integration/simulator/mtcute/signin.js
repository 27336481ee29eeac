// A client of another make signs in, reads a channel, comments on its post, and hears a friend.
import { MemoryStorage } from '@mtcute/core'
import { addPublicKey } from '@mtcute/core/utils.js'
import { TelegramClient } from '@mtcute/node'
import { NodeCryptoProvider } from '@mtcute/node/utils.js'

const { host, port, dcId, publicKey, apiId, apiHash, phone, code, usePfs } = JSON.parse(process.argv[2])
const place = { id: dcId, ipAddress: host, port }
const client = new TelegramClient({
  apiId,
  apiHash,
  storage: new MemoryStorage(),
  defaultDcs: { main: place, media: place },
  logLevel: 1,
  network: { usePfs },
})
const crypto = new NodeCryptoProvider()
await crypto.initialize()
addPublicKey(crypto, publicKey)

const me = await client.start({ phone, code: () => code, codeSentCallback: () => {} })
const dialogs = []
for await (const dialog of client.iterDialogs()) dialogs.push(dialog.peer.displayName)
const channel = await client.resolveChannel('town_news')
const [post] = await client.getHistory('town_news', { limit: 1 })
const [offer] = await client.getHistory('choice_bot', { limit: 1 })
const comment = await client.commentText(post, 'from another client')
const heard = new Promise((resolve) => client.onNewMessage.add(resolve))
const sent = await client.sendText('boris_b', 'tell me something')
const answer = await heard
process.stdout.write(
  JSON.stringify({
    me: me.displayName,
    dialogs: dialogs.sort(),
    channel: channel.channelId,
    post: post.text,
    buttons: offer.markup.buttons.flat().map((each) => [each._, each.text]),
    comment: comment.text,
    sent: sent.text,
    answer: answer.text,
  }),
)
await client.destroy()
// The timer that renews a key that expires outlives the client.
process.exit(0)
