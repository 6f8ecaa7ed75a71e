/** The topic of a group's dead letters. */

/** The name of a group's dead-letter topic. */
export const deadLetterTopic = (topicPrefix: string, group: string): string => `${topicPrefix}${group}.dlt`;
