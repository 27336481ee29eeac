// A client of another make: it makes a key, asks two things under it, and prints what it was told.
import { MemoryStorage } from '@mtcute/core'
import { addPublicKey } from '@mtcute/core/utils.js'
import { BaseTelegramClient } from '@mtcute/node'

const { host, port, dcId, publicKey, apiId, apiHash, phone } = JSON.parse(process.argv[2])
const place = { id: dcId, ipAddress: host, port }
const client = new BaseTelegramClient({
  apiId,
  apiHash,
  storage: new MemoryStorage(),
  defaultDcs: { main: place, media: place },
  logLevel: 1,
})
await client.crypto.initialize()
addPublicKey(client.crypto, publicKey)
await client.connect()

const nearest = await client.call({ _: 'help.getNearestDc' })
const settings = { _: 'codeSettings' }
const sent = await client.call({ _: 'auth.sendCode', phoneNumber: phone, apiId, apiHash, settings })
process.stdout.write(JSON.stringify({ dc: nearest.thisDc, codeLength: sent.type.length }))
await client.destroy()
