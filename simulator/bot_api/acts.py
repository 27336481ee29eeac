"""What bots say that they are doing, in the world's words."""

ACTS = {
    "typing": "SendMessageTypingAction",
    "upload_photo": "SendMessageUploadPhotoAction",
    "record_video": "SendMessageRecordVideoAction",
    "upload_video": "SendMessageUploadVideoAction",
    "record_voice": "SendMessageRecordAudioAction",
    "upload_voice": "SendMessageUploadAudioAction",
    "upload_document": "SendMessageUploadDocumentAction",
    "choose_sticker": "SendMessageChooseStickerAction",
    "find_location": "SendMessageGeoLocationAction",
    "record_video_note": "SendMessageRecordRoundAction",
    "upload_video_note": "SendMessageUploadRoundAction",
}
