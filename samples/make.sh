#!/usr/bin/env bash
# Computes the sample frames anew: needs bash, Node.js, ffmpeg with libx264 and the DejaVu fonts (Debian: ffmpeg,
# fonts-dejavu-core). Everything below is periodic in the loop's length, so that the last frame flows into the first.
set -euo pipefail
cd "$(dirname "$0")"

# 6.4 s are exactly 160 pictures at 25 fps and exactly 300 AAC packets of 1024 samples at 48 kHz: both loops end at the
# same instant, and no packet is cut. Eight beats of 0.8 s; a chord, like a GOP, lasts two of them.
frames=160
gop=40
beat=20
packets=300
seconds=6.4
width=640
height=360

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- picture -----------------------------------------------------------------------------------------------------------

turn="(2*PI*N/$frames)"
pulse="exp(-3*mod(N,$beat)/$beat)"

# The scene is soft: computed at half the size. Registers: 0 and 1 the place, in heights of the picture from its middle;
# 2 to 4 the ribbons; 5 how much of the light the disc behind the clock lets through.
place="st(0,(X-W/2)/H);st(1,(Y-H/2)/H)"

# A ribbon of light across the picture: height, wave, speed (whole turns a loop), phase, width.
ribbon() {
  local line="$1+0.11*sin($2*ld(0)+$3*$turn+$4)+0.04*sin(7*ld(0)-2*$turn+$4)"
  printf '1/(1+pow((ld(1)-(%s))/(%s*(1.25+sin(2.3*ld(0)-%s+%s))),2))' "$line" "$5" "$turn" "$4"
}
ribbons="st(2,$(ribbon 0.02 2.1 1 0.4 0.045));st(3,$(ribbon 0.10 2.7 -1 2.3 0.055));st(4,$(ribbon -0.09 1.7 1 4.1 0.040))"
disc="st(5,1-0.72/(1+exp((hypot(ld(0),ld(1))-0.225)*90)))"

light() { # of one colour: background, strength of each ribbon
  printf '%s;%s;%s;min(255,ld(5)*(%s+%s*ld(2)+%s*ld(3)+%s*ld(4)))' "$place" "$ribbons" "$disc" "$1" "$2" "$3" "$4"
}
red=$(light "20+16*ld(1)-10*ld(0)" 12 150 235)
green=$(light "24-26*ld(1)" 185 70 120)
blue=$(light "58-34*ld(1)+16*ld(0)" 170 205 75)
scene="color=black:size=$((width / 2))x$((height / 2)):rate=25,format=gbrp,geq=r='$red':g='$green':b='$blue',scale=$width:$height:flags=bicubic"

# A ring with a comet that goes round once a loop, clockwise from twelve o'clock; it swells with each beat. White, of a
# transparency computed at full size. Registers: 0 and 1 the place in pixels from the middle, 2 the distance from the
# ring, 3 the comet's light, 4 the angle behind its head.
ring=84
alpha="st(0,X-W/2+0.5);st(1,Y-H/2+0.5);st(2,hypot(ld(0),ld(1))-$ring);st(4,mod($turn-atan2(ld(0),-ld(1))+4*PI,2*PI));st(3,max(exp(-0.8*ld(4)),exp(-pow((2*PI-ld(4))/0.09,2))))"
line="(0.22+0.78*ld(3))*exp(-pow(ld(2)/1.7,2))"
halo="(0.10+0.40*$pulse)*(0.35+ld(3))*exp(-pow(ld(2)/(5+5*$pulse),2))"
head="exp(-(pow(ld(0)-$ring*sin($turn),2)+pow(ld(1)+$ring*cos($turn),2))/21)"
clockface="color=white:size=220x220:rate=25,format=gbrap,geq=r=255:g=252:b=246:a='$alpha;255*min(1,$line+$halo+$head)'"

mono=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
clock="drawtext=fontfile=$mono:fontsize=44:fontcolor=white:x=(w-text_w)/2:y=(h-ascent)/2-12:text='%{eif\:trunc(n/25)\:d}.%{eif\:mod(n*4,100)\:d\:2}'"
count="drawtext=fontfile=$mono:fontsize=15:fontcolor=white@0.75:x=(w-text_w)/2:y=h/2+24:text='%{eif\:n+1\:d\:3} / $frames'"
name="drawtext=fontfile=$sans:fontsize=15:fontcolor=white@0.8:x=22:y=h-34:text='kvs-producer'"
kind="drawtext=fontfile=$sans:fontsize=15:fontcolor=white@0.8:x=w-text_w-22:y=h-34:text='H.264  ${width}x${height}  25 fps  AAC  48 kHz'"

ffmpeg -v error -y -f lavfi -i "$scene" -f lavfi -i "$clockface" -frames:v $frames \
  -filter_complex "[0][1]overlay=(W-w)/2:(H-h)/2:format=gbrp,$clock,$count,$name,$kind,scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p" \
  -c:v libx264 -preset veryslow -profile:v high -bf 0 -crf 21 -threads 1 -flags +bitexact \
  -x264-params "keyint=$gop:min-keyint=$gop:scenecut=0:open-gop=0:slices=1:repeat-headers=1:ref=3:aq-mode=3" \
  -color_primaries bt709 -color_trc bt709 -colorspace bt709 "$work/picture.h264"

# --- sound -------------------------------------------------------------------------------------------------------------

left=0
right=0

# A soft struck tone: start in s, pitch in semitones from A4, loudness, place from 0 (left) to 1 (right), decay. It rings
# on over the end of the loop into its start.
tone() {
  local hertz="440*pow(2,($2)/12)"
  local sound="(st(0,mod(t-($1)+$seconds,$seconds));st(1,2*PI*$hertz*ld(0));$3*(1-exp(-180*ld(0)))*exp(-$5*ld(0))*(sin(ld(1))+0.28*exp(-4*ld(0))*sin(2*ld(1))+0.10*exp(-9*ld(0))*sin(3*ld(1))))"
  left="$left+(1-($4))*$sound"
  right="$right+($4)*$sound"
}

# F major 7, A minor 7, C major, G major: bass, a chord held below, and four notes that climb or fall.
start=0
play_chord() { # bass, chord of three, arpeggio of four
  tone "$start" "$1" 0.17 0.5 1.1
  tone "$start" "$2" 0.07 0.35 0.9
  tone "$start" "$3" 0.07 0.5 0.9
  tone "$start" "$4" 0.07 0.65 0.9
  local step=0 pitch
  for pitch in "$5" "$6" "$7" "$8"; do
    tone "$start+0.4*$step" "$pitch" 0.17 "0.3+0.13*$step" 2.2
    step=$((step + 1))
  done
  start="$start+1.6"
}
play_chord -28 -16 -12 -5 -4 0 3 7
play_chord -24 -12 -9 -5 0 3 7 10
play_chord -21 -9 -5 -2 3 7 10 7
play_chord -26 -14 -10 -7 5 2 -2 -7

ffmpeg -v error -y -f lavfi -i "aevalsrc='$left|$right':sample_rate=48000:duration=$seconds:channel_layout=stereo" \
  -c:a pcm_f32le "$work/loop.wav"
# The echo of the loop's end belongs into its start, and the encoder's first packet is a run-up: of three rounds the
# middle one is kept.
ffmpeg -v error -y -stream_loop 2 -i "$work/loop.wav" -af 'aecho=0.9:0.85:230|370:0.22|0.14,volume=2.6' \
  -c:a aac -b:a 64k -threads 1 -flags +bitexact "$work/sound.aac"

rm -rf h264SampleFrames aacSampleFrames
node split.mjs h264 "$work/picture.h264" h264SampleFrames/frame- $frames
node split.mjs adts "$work/sound.aac" aacSampleFrames/sample- $packets $((packets + 1))
